// What a server tells of its CPU time must be the kernel's account: one that leaves half of it out is found.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";

interface Cpu {
  cpuOf(pid: number): number | undefined;
  checkCpu(told: number, seen: number): void;
}

// The bench is a package of its own, in JavaScript.
const path = new URL("../../bench/harness/cpu.mjs", import.meta.url).href;
const { cpuOf, checkCpu } = await import(path) as Cpu;

/** What the kernel and the process itself say that some work took. */
function work() {
  const before = { told: process.cpuUsage(), seen: cpuOf(process.pid) };
  // By CPU time, which on a busy machine takes its time.
  const spent = () => process.cpuUsage().user - before.told.user;
  while (spent() < 200_000);
  const { user, system } = process.cpuUsage();
  return {
    told: user + system - before.told.user - before.told.system,
    seen: (cpuOf(process.pid) ?? 0) - (before.seen ?? 0),
  };
}

test("the kernel's account of a process is the one that the process has", {
  skip: cpuOf(process.pid) === undefined && "there is no /proc here",
}, () => {
  const { told, seen } = work();
  assert.ok(told > 20_000, `it used ${told} µs`);
  checkCpu(told, seen);
});

test("a process that tells of half of what it used is found", () => {
  assert.throws(
    () => checkCpu(500_000, 1_000_000),
    /says that it used 500 ms of CPU, and the kernel says 1000 ms/,
  );
  assert.throws(() => checkCpu(1_000_000, 500_000), /says that it used 1000 ms/);
});
