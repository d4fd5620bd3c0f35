// Checks the sources: types, what the core imports, that each file says its purpose.
import { build } from "esbuild";
import { exec } from "../support/exec.mjs";
import { stalePages } from "../support/pages.mjs";
import { bin, coreEntries, read, root, sources } from "../support/project.mjs";

const LONG = 300;

const tsc = (config) => exec([bin("tsc"), "-p", config], { cwd: root });

/**
 * The core is for every runtime. Type checks under `types: []` keep it from leaning on a runtime's globals; here it is
 * bundled for no runtime at all, and each import, of types too, must lead to another file of the core.
 */
async function core() {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: coreEntries(),
    outdir: "unused",
    write: false,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    metafile: true,
    logLevel: "silent",
  });
  const files = Object.keys(metafile.inputs);
  const found = files.flatMap((file) => imports(file).map((target) => ({ file, target })));
  const bad = found.filter(({ file, target }) =>
    !target.startsWith(".") || /(^|\/)node\//.test(resolved(file, target))
  );
  if (bad.length > 0) {
    const list = bad.map(({ file, target }) => `  ${file} imports "${target}"`).join("\n");
    throw new Error(
      `The core imports what is not the core:\n${list}\nMove that code to an entry point of its own`,
    );
  }
}

const resolved = (file, target) => new URL(target, `file:///${file}`).pathname;

function imports(file) {
  const code = read(file).replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const pattern = /(?<![#.\w])(?:from|import)\s*\(?\s*(["'])(.+?)\1/g;
  return [...code.matchAll(pattern)].map(([, , target]) => target);
}

/** Each file says its one purpose first. */
function purposes() {
  const silent = sources().filter((path) => !/^(#!.*\n)?\/\*\*\n \* \S/.test(read(path)));
  if (silent.length > 0) {
    throw new Error(
      `No first comment that says the file's purpose in ${silent.join(", ")}: begin with /** … */`,
    );
  }
  // A hint and no limit: a long file may have one purpose.
  const long = sources().filter((path) => read(path).split("\n").length - 1 > LONG);
  if (long.length > 0) console.log(`Over ${LONG} lines, so perhaps with two purposes: ${long.join(", ")}`);
}

/** What the pages load is in the tree, so that a clone serves them as it is; it must be what its sources make of it now. */
async function pages() {
  const stale = await stalePages();
  if (stale.length > 0) {
    throw new Error(`These are not what they are built of: ${stale.join(", ")}. Run: npm run pages`);
  }
}

export const gates = [
  { name: "tsc, everything", run: () => tsc("tsconfig.json") },
  { name: "tsc, the core without a runtime's types", run: () => tsc("tsconfig.core.json") },
  { name: "tsc, the page", run: () => tsc("tsconfig.page.json") },
  { name: "the core imports no runtime", run: core },
  { name: "each file says its purpose", run: purposes },
  { name: "the pages' modules are built", run: pages },
];
