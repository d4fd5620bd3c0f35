// Prints the table with which a runner ends.

/** A table with a heading: the first column to the left, all others to the right. */
function table(heading, rows) {
  const all = [heading, ...rows].map((row) => row.map(String));
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])).join(
      "  ",
    );
  return [line(all[0]), widths.map((width) => "-".repeat(width)).join("  "), ...all.slice(1).map(line)].join(
    "\n",
  );
}

/** The closing line, which is read by machines too: nothing else may stand on it. */
export function closingLine({ passed, failed, skipped = 0 }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Prints what went wrong, a table of all results and the closing line, and sets the exit code.
 *
 * @param {string} what the heading of the first column
 * @param {{ label: string, passed: number, failed: number, skipped: number, seconds: number, problems: string[] }[]} results
 */
export function report(what, results) {
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log();
  // In one line each: all there is to say was said when it happened.
  for (const { label, problems } of results) {
    for (const problem of problems) console.log(`${label}: ${problem.split("\n", 1)[0]}`);
  }
  console.log(table(
    [what, "passed", "failed", "skipped", "seconds"],
    results.map((each) => [each.label, each.passed, each.failed, each.skipped, each.seconds.toFixed(1)]),
  ));
  const sums = { passed: total("passed"), failed: total("failed"), skipped: total("skipped") };
  console.log(closingLine(sums));
  process.exitCode = sums.failed > 0 || sums.passed === 0 ? 1 : 0;
}
