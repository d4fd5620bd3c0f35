/** Puts processes on one core, where the system can. */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/**
 * The last core, of the processes' threads too. Without `taskset` (Linux) they stay where they are, and that is said.
 *
 * @param {number[]} pids
 */
export function shareOneCore(pids) {
  try {
    for (const pid of pids) {
      execFileSync("taskset", [
        "--all-tasks",
        "--pid",
        "--cpu-list",
        `${availableParallelism() - 1}`,
        `${pid}`,
      ]);
    }
  } catch (error) {
    console.error(`Not on one core: ${error.message.split("\n", 1)[0]}`);
  }
}
