/** Tests that `npm start` leaves no process behind. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { RawClient } from "../support/client.ts";
import { runtime } from "../support/runtime.ts";
import { until } from "../support/wait.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function whyNot(): string | false {
  if (runtime !== "node") return "npm start is Node's";
  if (process.platform !== "linux") return "what is left behind is looked for in /proc";
  try {
    execFileSync("npm", ["--version"], { stdio: "ignore" });
    return false;
  } catch {
    return "npm is not on PATH";
  }
}

/** The processes whose environment has this mark, as a child inherits it. */
function marked(mark: string): string[] {
  return readdirSync("/proc").filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark) &&
        !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
      return false; // it has ended, or is somebody else's
    }
  });
}

const skip = whyNot();

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`npm start ends by ${signal} with all that it started, and the port is free`, {
    timeout: 90_000,
    skip,
  }, async () => {
    const mark = `TIDINGS_MARK=${process.pid}-${signal}-${Date.now()}`;
    const [name, value] = mark.split("=") as [string, string];
    const child = spawn("npm", ["start"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", PORT: "0", [name]: value },
    });
    let output = "";
    let isOver = false;
    child.stdout.on("data", (chunk: unknown) => output += String(chunk));
    child.stderr.on("data", (chunk: unknown) => output += String(chunk));
    child.once("close", () => isOver = true);
    try {
      const address = /^Listening on http:\/\/127\.0\.0\.1:(\d+)\/$/m;
      await until(() => address.test(output) || isOver, "it listens", 30_000);
      const port = Number(address.exec(output)![1]);
      const client = await RawClient.open(port, { path: "/stream" });
      await client.until("tidings-cursor");
      assert.ok(marked(mark).length >= 2, "npm and the server run");
      child.kill(signal);
      await client.until(/retry: 1[0-5]\d\d\n/);
      await until(() => marked(mark).length === 0, "nothing is left of it", 30_000);
      await assert.rejects(RawClient.open(port), "the port is free");
      assert.match(output, new RegExp(`^${signal}: closing`, "m"));
      await until(() => isOver, "npm has ended");
    } finally {
      for (const pid of marked(mark)) process.kill(Number(pid), "SIGKILL");
    }
  });
}
