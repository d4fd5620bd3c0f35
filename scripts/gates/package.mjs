// Checks what the package says of itself: the build, its manifests, its lock.
import { exec } from "../support/exec.mjs";
import { bin, read, readJson, root } from "../support/project.mjs";
import { measureSizes } from "../support/sizes.mjs";

function equalManifests() {
  const npm = readJson("package.json");
  const jsr = readJson("deno.json");
  const problems = [];
  const equal = (what, a, b) => {
    if (a === undefined || a !== b) problems.push(`${what}: "${a}" in package.json, "${b}" in deno.json`);
  };
  equal("name", `@${npm.name}/${npm.name}`, jsr.name);
  equal("version", npm.version, jsr.version);
  equal("license", npm.license, jsr.license);
  const fromNpm = Object.entries(npm.exports).filter(([, target]) => typeof target === "object");
  for (const name of new Set([...fromNpm.map(([name]) => name), ...Object.keys(jsr.exports)])) {
    equal(
      `entry point "${name}"`,
      npm.exports[name]?.default.replace("./dist/", "./").replace(/\.js$/, ".ts"),
      jsr.exports[name],
    );
    equal(
      `types of "${name}"`,
      npm.exports[name]?.types.replace("./dist/", "./").replace(/\.d\.ts$/, ".ts"),
      jsr.exports[name],
    );
  }
  // The README's examples use the names that npm users use; Deno has to find these too.
  for (const [name, target] of Object.entries(jsr.exports)) {
    const npmName = npm.name + name.slice(1);
    if (jsr.imports[npmName] !== target) {
      problems.push(`imports in deno.json lacks "${npmName}": "${target}"`);
    }
  }
  const { packages: { "": locked } } = readJson("package-lock.json");
  if (locked.version !== npm.version) {
    problems.push(`version: "${locked.version}" in package-lock.json, "${npm.version}" in package.json`);
  }
  if (Object.keys(npm.dependencies ?? {}).length > 0) {
    problems.push("package.json has dependencies; the package promises none");
  }
  if (problems.length > 0) throw new Error(`The manifests differ:\n  ${problems.join("\n  ")}`);
}

/** Who adds an entry point says whether it is kept stable. */
function promises() {
  const { name, exports } = readJson("package.json");
  const [, text = ""] = /^## What a version promises\n([^]*)/m.exec(read("CONTRIBUTING.md")) ?? [];
  const missing = Object.keys(exports).filter((entry) => typeof exports[entry] === "object")
    .map((entry) => name + entry.slice(1)).filter((entry) => !text.includes(`\`${entry}\``));
  if (missing.length > 0) {
    throw new Error(`"What a version promises" in CONTRIBUTING.md does not name ${missing.join(", ")}`);
  }
}

function lockWithoutAddresses() {
  const lines = read("package-lock.json").split("\n");
  const found = lines.findIndex((line) => line.includes('"resolved"'));
  if (found !== -1) {
    throw new Error(
      `package-lock.json names a download address in line ${
        found + 1
      }. Delete the "resolved" lines; .npmrc keeps npm ` +
        `from writing new ones`,
    );
  }
}

async function sizes() {
  const large = (await measureSizes()).filter(({ gzipped, limit }) => gzipped > limit);
  if (large.length > 0) {
    const list = large.map(({ name, gzipped, limit }) =>
      `${name} has ${gzipped} bytes, gzipped; the limit is ${limit}`
    );
    throw new Error(`${list.join("\n")}\nFind the smaller design; "npm run size" shows all`);
  }
}

export const gates = [
  { name: "manifests equal", run: equalManifests },
  { name: "what a version promises names each entry point", run: promises },
  { name: "the lock file names no addresses", run: lockWithoutAddresses },
  { name: "sizes", run: sizes },
  { name: "build", run: () => exec(["npm", "run", "build"], { cwd: root }) },
  { name: "publint", run: () => exec([bin("publint"), "--strict"], { cwd: root }) },
  { name: "attw", run: () => exec([bin("attw"), "--pack", ".", "--profile", "esm-only"], { cwd: root }) },
];
