// Tells the gates about the project: where it is, what its manifests say, which files it has.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export const read = (path) => readFileSync(join(root, path), "utf8");

export const readJson = (path) => JSON.parse(read(path));

/** The path of a command that npm installed. */
export const bin = (name) => join(root, "node_modules/.bin", name);

/** The source files of the library, `mod.ts` first. */
export function sources() {
  const inLib = readdirSync(join(root, "lib"), { recursive: true }).filter((path) => path.endsWith(".ts"))
    .sort();
  return ["mod.ts", ...inLib.map((path) => `lib/${path}`)];
}

/** The modules that JSR publishes, as deno.json names them. */
export const denoEntries = () =>
  Object.values(readJson("deno.json").exports).map((path) => path.replace("./", ""));

/** Entry points that may import a runtime; every other one is the core. */
const RUNTIME_ENTRIES = ["./serve", "./node", "./compression", "./sqlite"];

/** Entry points that import a framework of pages. */
const FRAMEWORK_ENTRIES = ["./react", "./vue"];

/** Those that load a package of the user's when it is needed; what else they import is the core all the same. */
const PACKAGE_ENTRIES = ["./hub"];

/** The source modules of the core's entry points. */
export function coreEntries() {
  const { exports } = readJson("deno.json");
  const others = [...RUNTIME_ENTRIES, ...FRAMEWORK_ENTRIES, ...PACKAGE_ENTRIES];
  return Object.keys(exports).filter((name) => !others.includes(name))
    .map((name) => exports[name].replace("./", ""));
}

/** The files below `folder` that a clone would hold if the work tree were committed now: nothing ignored, nothing built. */
export function clonedFiles(folder = "") {
  const cwd = join(root, folder);
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd,
  });
  return listed.toString().split("\0").filter((path) => path !== "" && existsSync(join(cwd, path)));
}

/** Copies them into `target`. */
export function copyProject(target, folder = "") {
  for (const path of clonedFiles(folder)) cpSync(join(root, folder, path), join(target, path));
}
