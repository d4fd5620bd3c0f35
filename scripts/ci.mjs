// Runs the whole gate, in the order in which a reader would ask: does the README's command work, does the suite pass on
// every Node, is the package what it should be. `.ci/run` installs the dependencies and starts this.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gates } from "./gates/list.mjs";
import { runGates } from "./gates/run.mjs";
import { present } from "./support/debian.mjs";
import { nodePath, NODES } from "./support/nodes.mjs";
import { root } from "./support/project.mjs";
import { failure, run } from "./support/run.mjs";
import { report } from "./support/table.mjs";

const begin = performance.now();
const work = mkdtempSync(join(tmpdir(), "tidings-ci-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

/** Runs the test command and takes over what it counted, one row a runtime. */
async function suite(name, command) {
  console.log(`\n══ ${name} ══`);
  const file = join(work, `${name}.json`);
  const result = await run([...command, "--report", file], { cwd: root, limit: 3000 });
  if (existsSync(file)) {
    return JSON.parse(readFileSync(file, "utf8")).map((row) => ({ ...row, label: `${name}: ${row.label}` }));
  }
  const problems = [`no report was written; the command ${failure(result) ?? "ended well"}`];
  return [{ label: name, passed: 0, failed: 1, skipped: 0, seconds: result.seconds, problems }];
}

// The suite drives real engines; without them its tests of those would fail on a CI machine, and be skipped elsewhere.
const engines = {
  name: "Redis, NATS, Postgres, nginx and curl are there",
  run: () => present(["redis-server", "nats-server", "postgresql", "nginx", "curl"]),
};
// Those that the guides have programs in, and what a hub is tried with; their install takes seconds.
const languages = {
  name: "Python, Ruby, PHP with Symfony's component, Go and Caddy are there",
  run: () => present(["python3", "ruby", "php-cli", "php-symfony-mercure", "golang-go", "caddy"]),
};
const results = await runGates([engines, languages], { work });
results.push(...await suite("npm test", ["npm", "test", "--"]));

const installed = new Map();
const otherNodes = NODES.map((major) => ({
  name: `node@${major} installs`,
  run: async () => {
    installed.set(major, await nodePath(work, major));
  },
}));
console.log(`\n══ Node ${NODES.join(", ")} ══`);
results.push(...await runGates(otherNodes, { work }));
// What the engines bear is tried on the oldest and the newest; between them what is quick is enough.
const ends = [NODES.at(0), NODES.at(-1)];
for (
  const [name, majors, flags] of [
    ["suite", ends, []],
    ["quick suite", NODES.filter((major) => !ends.includes(major)), ["--quick"]],
  ]
) {
  const paths = majors.filter((major) => installed.has(major)).flatMap((major) => [
    "--node",
    installed.get(major),
  ]);
  if (paths.length === 0) continue;
  results.push(
    ...await suite(name, [process.execPath, "scripts/test.mjs", "--only", "node", ...flags, ...paths]),
  );
}

console.log("\n══ gates ══");
results.push(...await runGates(gates, { work }));

console.log(`\n══ all, after ${((performance.now() - begin) / 60_000).toFixed(1)} minutes ══`);
report("check", results);
