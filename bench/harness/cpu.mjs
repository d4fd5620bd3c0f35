/** Asks the kernel what CPU time another process has used, to check what that tells of itself. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const hasProc = existsSync("/proc/self/stat");
const ticks = hasProc ? Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" })) : 0;

// The kernel counts in ticks of mostly 10 ms, and is asked a moment after the process was.
const SLACK = 50_000;
const TOLERANCE = 0.05;

/** User and system time of all its threads, in microseconds; nothing where there is no /proc. */
export function cpuOf(pid) {
  if (!hasProc) return undefined;
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name, in brackets, may have spaces and brackets in it.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 1_000_000 / ticks;
}

/** Throws if what a process says that it used is not what the kernel saw. */
export function checkCpu(told, seen) {
  if (Math.abs(told - seen) <= SLACK + TOLERANCE * seen) return;
  const text = (microseconds) => `${(microseconds / 1000).toFixed(0)} ms`;
  throw new Error(`The server says that it used ${text(told)} of CPU, and the kernel says ${text(seen)}`);
}
