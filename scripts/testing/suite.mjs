// Runs test files once on one runtime, and sums up several runs.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { failure, run } from "../support/run.mjs";

const count = (tests, outcome) => tests.filter((test) => test.outcome === outcome).length;

/**
 * Runs `files` and says what came of it. Whatever keeps tests from running is a problem, and counts as one failure:
 * a runner that crashed or hung, a file that reported nothing, a run in which no test was executed.
 */
export async function runFiles(runtime, files, { report, root, limit, stdout }) {
  const result = await run(runtime.command(files, report), { cwd: root, stdout, limit });
  // A runner that crashed may have left no report: Bun and Deno write theirs only at their end.
  const found = existsSync(report) ? runtime.read(readFileSync(report, "utf8"), files) : undefined;
  const { tests, empty } = found ?? { tests: [], empty: [] };
  const passed = count(tests, "passed");
  const failed = count(tests, "failed");
  const skipped = count(tests, "skipped");

  const problems = [];
  const ended = failure(result);
  // A plain exit code of failure is no news when a test failed; Node's runner ends with it when it is stopped, too.
  if (ended && (failed === 0 || result.code !== 1 || result.timedOut)) {
    problems.push(ended + hint(result, tests));
  }
  const names = empty.map((file) => relative(root, file)).join(", ");
  if (names) problems.push(`no test was found in ${names}`);
  else if (passed + failed === 0) problems.push("no test was executed");
  const broken = problems.length > 0 ? 1 : 0;
  // Named once more at the end: the tail of a long log must tell what failed, and why.
  for (const { name, outcome, reason } of tests) {
    if (outcome === "failed") problems.push(`failed: ${name}${reason ? `: ${inOneLine(reason)}` : ""}`);
  }
  return { passed, failed: failed + broken, skipped, problems, seconds: result.seconds };
}

function inOneLine(text) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}

function hint({ timedOut }, tests) {
  if (!timedOut) return "";
  const where = tests.length > 0 ? `; the last test that ended is "${tests.at(-1).name}"` : "";
  return `${where}. A timer or a socket left open keeps a runner alive`;
}

/** Adds up several results of `runFiles`; they ran beside one another, so the longest tells the time. */
export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0, seconds: 0, problems: [] };
  for (const { passed, failed, skipped, seconds, problems } of results) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.seconds = Math.max(total.seconds, seconds);
    total.problems.push(...problems);
  }
  return total;
}
