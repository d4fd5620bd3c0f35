// Checks that nothing has become slower: ratios beside the raw runtime, each against the one that is stored.
import { join } from "node:path";
import { root } from "../support/project.mjs";
import { failure, run } from "../support/run.mjs";

// It has at most three minutes, of its own accord; a machine that is busy takes longer to start processes.
const LIMIT = 400;

async function budget() {
  const result = await run([process.execPath, join(root, "bench/budget/main.mjs")], {
    cwd: root,
    limit: LIMIT,
  });
  const ended = failure(result);
  if (ended !== undefined) throw new Error(`bench/budget ${ended}: see what it printed above`);
}

export const gates = [{ name: "no ratio of the bench is 1.5 times the stored one", run: budget }];
