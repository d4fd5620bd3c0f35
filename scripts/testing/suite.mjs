// One run of one runtime over some test files, and the sum of several.
import { readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { failure, run } from "../support/run.mjs";

const count = (tests, outcome) => tests.filter((test) => test.outcome === outcome).length;

/** Deno lists a suite beside the tests in it; only the tests count, as on Node and Bun. */
function leaves(tests) {
  const parents = new Set();
  for (const { name } of tests) {
    const parts = name.split(" > ");
    for (let end = 1; end < parts.length; end++) parents.add(parts.slice(0, end).join(" > "));
  }
  return tests.filter(({ name }) => !parents.has(name));
}

/**
 * Runs `files` and says what came of it. Whatever keeps tests from running is a problem, and counts as one failure:
 * a runner that crashed or hung, a file that reported nothing, a run in which no test was executed.
 */
export async function runFiles(runtime, files, { report, root, limit, stdout }) {
  const result = await run(runtime.command(files, report), { cwd: root, stdout, limit });
  let all = [];
  try {
    all = runtime.read(readFileSync(report, "utf8"));
  } catch (error) {
    // No report: Bun and Deno write one only at their end. What is missing is told below, file by file.
    if (error.code !== "ENOENT") throw error;
  }
  const tests = leaves(all);
  const passed = count(tests, "passed");
  const failed = count(tests, "failed");
  const skipped = count(tests, "skipped");

  const problems = [];
  const ended = failure(result);
  const heard = new Set(all.map(({ file }) => file && resolve(root, file)));
  const silent = files.filter((file) => !heard.has(resolve(root, file)));
  // A plain exit code of failure is no news when a test failed, unless whole files are missing too.
  if (ended && (failed === 0 || result.code !== 1)) problems.push(ended + hint(result, all, root));
  if (silent.length > 0) problems.push(`no test was reported by ${silent.join(", ")}`);
  else if (passed + failed === 0) problems.push("no test was executed");
  const broken = problems.length > 0 ? 1 : 0;
  return { passed, failed: failed + broken, skipped, problems, seconds: result.seconds };
}

function hint({ timedOut }, tests, root) {
  if (!timedOut) return "";
  const last = tests.at(-1);
  const where = last ? `; the last test that ended is "${last.name}" in ${relative(root, last.file)}` : "";
  return `${where}. A timer or a socket that is left open keeps a runner alive`;
}

export function sum(results) {
  const total = { passed: 0, failed: 0, skipped: 0, seconds: 0, problems: [] };
  for (const { passed, failed, skipped, seconds, problems } of results) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
    total.seconds += seconds;
    total.problems.push(...problems);
  }
  return total;
}
