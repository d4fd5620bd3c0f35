/**
 * Says whether a process is there.
 *
 * @module
 */

import process from "node:process";

export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
