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

/** Writes nothing beside files of the same names, and says which they are. */
async function refuseExisting(folder: string): Promise<void> {
  const texts = await Promise.all(FILES.map((name) => textOf(join(folder, name))));
  const there = FILES.filter((_, index) => texts[index] !== undefined).map((name) => join(folder, name));
  if (there.length === 0) return;
  throw new CommandError(
    `${there.join(" and ")} ${
      there.length === 1 ? "is" : "are"
    } there already, and nothing is overwritten: ` +
      `name another folder${folder === "." ? ', as in "tidings init my-stream"' : ""}`,
  );
}

/** Writes a package.json that has the package as its dependency. */
async function writeManifest(folder: string, version: string): Promise<void> {
  const manifest = {
    private: true,
    type: "module",
    scripts: { start: "node server.mjs" },
    dependencies: { tidings: `^${version}` },
  };
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`, { flag: "wx" });
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

  await refuseExisting(folder);
  await mkdir(folder, { recursive: true });
  for (const name of FILES) {
    // Not even a file that has come since then is overwritten.
    await copyFile(new URL(`template/${name}`, source), join(folder, name), constants.COPYFILE_EXCL);
  }
  const written = [...FILES];
  const manifest = await textOf(join(folder, "package.json"));
  if (manifest === undefined) {
    await writeManifest(folder, version);
    written.push("package.json");
  }

  const { install, add, run } = manager();
  const named = manifest === undefined || /"tidings"\s*:/.test(manifest);
  const steps = [named ? install : add, run];
  if (folder !== ".") steps.unshift(`cd ${/\s/.test(folder) ? `"${folder}"` : folder}`);
  console.log(`Written: ${written.map((name) => join(folder, name)).join(", ")}

Next:
${steps.map((step) => `  ${step}`).join("\n")}

Then open http://localhost:8080: prices that all visitors share, and an answer for each of them.`);
}
