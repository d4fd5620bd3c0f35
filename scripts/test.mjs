// Runs the test command: the same suite on Node, Bun and Deno.
//   npm test                          everything
//   npm test -- log event             only the files whose path in tests/ contains "log" or "event"
//   npm test -- --only node,bun       only on these runtimes
//   npm test -- --node /path/to/node  with this Node; may be given more than once
//   npm test -- --quick               without the files whose name ends in _slow_test.ts
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { closingLine, report } from "./support/table.mjs";
import { KINDS, runtime, version } from "./testing/runtimes.mjs";
import { runFiles, sum } from "./testing/suite.mjs";

const SLOW_AT_ONCE = 4;
const QUICK_AT_ONCE = 2;

const root = fileURLToPath(new URL("..", import.meta.url));
const settings = readArguments();
const work = mkdtempSync(join(tmpdir(), "tidings-test-"));
let started = 0;
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const found = readdirSync(join(root, "tests"), { recursive: true })
  .filter((path) => path.endsWith("_test.ts") && !path.startsWith("deno/"))
  .filter((path) => !settings.quick || !path.endsWith("_slow_test.ts")).sort();
const paths = found.filter((path) =>
  !settings.filters.length || settings.filters.some((part) => path.includes(part))
);
const files = paths.map((path) => `tests/${path}`);
// Slow files mostly wait, so they run beside the others, on all runtimes at once.
const slow = files.filter((file) => file.endsWith("_slow_test.ts"));
const quick = files.filter((file) => !slow.includes(file));
if (files.length === 0) {
  stop(`No file in tests/ matches ${settings.filters.join(" ")}; there are: ${found.join(", ")}`);
}

const runs = await Promise.all(settings.runtimes.map(async (each) => {
  try {
    return { ...each, label: `${each.kind} ${await version(each)}`, results: [] };
  } catch (error) {
    const problem = { passed: 0, failed: 1, skipped: 0, seconds: 0, problems: [error.message] };
    return { ...each, label: each.kind, results: [problem], broken: true };
  }
}));
const able = runs.filter((each) => !each.broken);

// As many at a time as leave the others room to breathe.
const inTurn = pool(SLOW_AT_ONCE);
const ofSlow = slow.flatMap((file) => able.map((each) => start(each, [file], inTurn)));
if (ofSlow.length > 0) console.log(`Started in the background on every runtime: ${slow.join(", ")}`);

// The first is seen as it runs; the others run beside it, and are shown when it has ended.
const beside = pool(QUICK_AT_ONCE);
const ofQuick = quick.length === 0 ? [] : able.map((each, index) => start(each, quick, beside, index === 0));

for (const { each, title, output, done } of [...ofQuick, ...ofSlow]) {
  console.log(title);
  each.results.push(await done);
  if (output !== undefined) process.stdout.write(readFileSync(output));
}

const sums = runs.map((each) => ({ label: each.label, ...sum(each.results) }));
if (settings.report) writeFileSync(settings.report, JSON.stringify(sums));
report("runtime", sums);

/** Runs files when it is their turn, and keeps what is printed until it is to be shown, unless it is shown at once. */
function start(each, files, inTurn, isShown = false) {
  const report = join(work, `${started++}.report`);
  const output = isShown ? undefined : `${report}.txt`;
  const stdout = isShown ? "inherit" : openSync(output, "w");
  const title = `\n── ${each.label}: ${files.length === 1 ? files[0] : `${files.length} files`} ──`;
  const done = inTurn(() => runFiles(each, files, { report, root, limit: settings.limit, stdout }))
    .finally(() => isShown || closeSync(stdout));
  return { each, title, output, done };
}

/** Runs what it is given, so many at a time, in the order of the calls. */
function pool(size) {
  const queue = [];
  let running = 0;
  const next = () => {
    if (running === size || queue.length === 0) return;
    running++;
    queue.shift()().finally(() => {
      running--;
      next();
    });
  };
  return (run) =>
    new Promise((resolve, reject) => {
      queue.push(() => run().then(resolve, reject));
      next();
    });
}

function readArguments() {
  const options = {
    only: { type: "string" },
    node: { type: "string", multiple: true, default: [] },
    limit: { type: "string", default: "1200" },
    quick: { type: "boolean", default: false },
    report: { type: "string" },
  };
  try {
    const { values, positionals: filters } = parseArgs({ options, allowPositionals: true });
    const kinds = values.only?.split(",") ?? KINDS;
    const unknown = kinds.find((kind) => !KINDS.includes(kind));
    if (unknown !== undefined) throw new Error(`--only takes ${KINDS.join(", ")}, got "${unknown}"`);
    const limit = Number(values.limit);
    if (!(limit > 0)) throw new Error(`--limit takes seconds for one run of a runner, got "${values.limit}"`);
    const runtimes = kinds.flatMap((kind) =>
      kind === "node" && values.node.length > 0
        ? values.node.map((path) => runtime(kind, path))
        : runtime(kind)
    );
    return { runtimes, filters, limit, quick: values.quick, report: values.report };
  } catch (error) {
    stop(error.message);
  }
}

function stop(message) {
  console.error(message);
  console.log(closingLine({ passed: 0, failed: 1 }));
  process.exit(1);
}
