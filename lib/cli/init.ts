/**
 * Writes a server and a page that run, those of the README, into a folder of the user's.
 *
 * @module
 */

import { constants, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { CommandError, type Package } from "./command.ts";

const USAGE = `tidings init [folder]

Writes server.mjs and index.html into the folder, which is made if it is not there; the current one by
default. A package.json is written too where there is none. Nothing that exists is overwritten.`;

const FILES = ["server.mjs", "index.html"];

/** How each package manager is told to install, to add, and to run. */
const MANAGERS = {
  npm: { install: "npm install", add: "npm install tidings", run: "node server.mjs" },
  pnpm: { install: "pnpm install", add: "pnpm add tidings", run: "node server.mjs" },
  yarn: { install: "yarn install", add: "yarn add tidings", run: "node server.mjs" },
  bun: { install: "bun install", add: "bun add tidings", run: "bun server.mjs" },
  deno: { install: "deno install", add: "deno add npm:tidings", run: "deno run -A server.mjs" },
};

/** By what the command was started, which is what the user works with: `npx`, `bunx`, `deno run` and the like say it. */
function manager(): typeof MANAGERS.npm {
  if ("Deno" in globalThis) return MANAGERS.deno;
  const [name = ""] = (process.env["npm_config_user_agent"] ?? "").split("/", 1);
  return Object.hasOwn(MANAGERS, name) ? MANAGERS[name as keyof typeof MANAGERS] : MANAGERS.npm;
}

/** The text of a file, and `undefined` if there is none. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as { code?: unknown }).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Runs `tidings init` with what stood behind it. */
export async function init(args: string[], { folder: source, version }: Package): Promise<void> {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { help: { type: "boolean", short: "h" } },
  });
  if (values.help) return console.log(USAGE);
  const [folder = ".", ...more] = positionals;
  if (more.length > 0) {
    throw new CommandError(
      `One folder is taken, received ${positionals.join(" and ")}: run it once for each`,
    );
  }

  const texts = await Promise.all(FILES.map((name) => textOf(join(folder, name))));
  const there = FILES.filter((_, index) => texts[index] !== undefined).map((name) => join(folder, name));
  if (there.length > 0) {
    const verb = there.length === 1 ? "is" : "are";
    throw new CommandError(
      `${there.join(" and ")} ${verb} there already, and nothing is overwritten: name another folder, ` +
        `as in "tidings init my-stream"`,
    );
  }

  await mkdir(folder, { recursive: true });
  for (const name of FILES) {
    await copyFile(new URL(`template/${name}`, source), join(folder, name), constants.COPYFILE_EXCL);
  }
  const written = [...FILES];
  const { install, add, run } = manager();
  const steps = [install, run];
  const manifest = await textOf(join(folder, "package.json"));
  if (manifest === undefined) {
    const own = {
      private: true,
      type: "module",
      scripts: { start: "node server.mjs" },
      dependencies: { tidings: `^${version}` },
    };
    await writeFile(join(folder, "package.json"), `${JSON.stringify(own, null, 2)}\n`, { flag: "wx" });
    written.push("package.json");
  } else if (!/"tidings"\s*:/.test(manifest)) {
    steps[0] = add;
  }
  if (folder !== ".") steps.unshift(`cd ${/\s/.test(folder) ? `"${folder}"` : folder}`);
  console.log(`Written: ${written.map((name) => join(folder, name)).join(", ")}

Next:
${steps.map((step) => `  ${step}`).join("\n")}

Then open http://localhost:8080: prices that all visitors share, and an answer for each of them.`);
}
