// Builds the modules of the examples' pages that come from TypeScript or from npm, as a browser loads them: what is in
// examples/built.
import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./project.mjs";

export const folder = "examples/built";

/** What each file is made of. */
const ENTRIES = {
  [`${folder}/client.js`]: "examples/page/client.ts",
  [`${folder}/qr.js`]: "examples/upload/qr.ts",
  "lib/cli/hub/page/client.js": "lib/cli/hub/page/client.ts",
};

/** What is there once more as it is: the hub's pages have their look from the examples, and no examples beside them. */
const COPIES = { "lib/cli/hub/page/base.css": "examples/page/base.css" };

const HEAD = "Built by `npm run pages`: do not edit. ";

/** The files as they have to be, by path. */
export async function builtPages() {
  const files = new Map();
  for (const [path, entry] of Object.entries(ENTRIES)) {
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
      banner: { js: `// ${HEAD}It is made of ${entry}.` },
      logLevel: "silent",
    });
    files.set(path, outputFiles[0].text);
  }
  for (const [path, original] of Object.entries(COPIES)) {
    files.set(path, `/* ${HEAD}It is ${original}. */\n${readFileSync(join(root, original), "utf8")}`);
  }
  return files;
}

/** The paths of files that are not as they have to be, are missing, or are built of nothing any more. */
export async function stalePages() {
  const wanted = await builtPages();
  const there = existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [];
  const isRight = (path) =>
    existsSync(join(root, path)) && readFileSync(join(root, path), "utf8") === wanted.get(path);
  const all = new Set([...wanted.keys(), ...there.map((name) => `${folder}/${name}`)]);
  return [...all].filter((path) => !isRight(path));
}
