// Builds the modules of the examples' pages that come from TypeScript or from npm, as a browser loads them: what is in
// examples/built.
import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./project.mjs";

export const folder = "examples/built";

/** What each file is made of. */
const ENTRIES = { "client.js": "examples/page/client.ts", "qr.js": "examples/upload/qr.ts" };

const HEAD = "// Built by `npm run pages`: do not edit. ";

/** The files as they have to be, by name. */
export async function builtPages() {
  const files = new Map();
  for (const [name, entry] of Object.entries(ENTRIES)) {
    const { outputFiles } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      // Not minified, so that a change can be read.
      format: "esm",
      platform: "browser",
      target: "es2022",
      charset: "utf8",
      write: false,
      banner: { js: `${HEAD}It is made of ${entry}.` },
      logLevel: "silent",
    });
    files.set(name, outputFiles[0].text);
  }
  return files;
}

/** The names of files that are not as they have to be, are missing, or are built of nothing any more. */
export async function stalePages() {
  const wanted = await builtPages();
  const there = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const isRight = (name) =>
    there.includes(name) && readFileSync(join(root, folder, name), "utf8") === wanted.get(name);
  return [...new Set([...wanted.keys(), ...there])].filter((name) => !isRight(name));
}
