// Runs gates one after the other; one that fails does not keep the later ones from running.

/** @returns the rows of a table and what they add up to, one result a gate */
export async function runGates(gates, context) {
  const results = [];
  for (const [index, { name, run }] of gates.entries()) {
    console.log(`\n── gate ${index + 1} of ${gates.length}: ${name} ──`);
    const begin = performance.now();
    const result = { label: name, skipped: 0, problems: [] };
    try {
      const { passed = 1, failed = 0, skipped = 0, problems = [] } = (await run(context)) ?? {};
      Object.assign(result, { passed, failed, skipped, problems });
    } catch (error) {
      Object.assign(result, { passed: 0, failed: 1, problems: [error.message] });
      console.log(error.cause ? `${error.message}\n${error.cause.stack ?? error.cause}` : error.message);
    }
    result.seconds = (performance.now() - begin) / 1000;
    console.log(`${result.failed > 0 ? "FAILED" : "ok"} (${result.seconds.toFixed(1)} s)`);
    results.push(result);
  }
  return results;
}
