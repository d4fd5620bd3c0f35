/** Tests that a served process ends in good order when it is asked to. */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { serve } from "../../lib/serve/mod.ts";
import { RawClient } from "../support/client.ts";
import { runArguments } from "../support/runtime.ts";
import { sleep, until } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };
const PROGRAM = fileURLToPath(new URL("../support/fixtures/signalled.ts", import.meta.url));

/** A program of ours, until it has ended. */
class Program {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  end: { code: number | null; signal: string | null } | undefined;

  /** @param within What it is started by, if not directly. */
  constructor(how: string[], within: string[] = []) {
    const [command, ...rest] = [...within, process.execPath, ...runArguments, PROGRAM, ...how];
    this.child = spawn(command!, rest, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    this.child.stdout!.on("data", (chunk: unknown) => this.stdout += String(chunk));
    this.child.stderr!.on("data", (chunk: unknown) => this.stderr += String(chunk));
    this.child.once("close", (code, signal) => this.end = { code, signal });
  }

  async port(name = "one"): Promise<number> {
    const line = new RegExp(`^${name} on (\\d+)$`, "m");
    await until(
      () => line.test(this.stdout) || this.end !== undefined,
      `${name} listens: ${this.stderr}`,
      30_000,
    );
    return Number(line.exec(this.stdout)![1]);
  }

  kill(name: NodeJS.Signals, pid = this.child.pid!): void {
    // Not `child.kill()`: Deno then reports the signal in place of the exit code.
    process.kill(pid, name);
  }

  async ended(): Promise<number | null> {
    await until(() => this.end !== undefined, "the process has ended", 30_000);
    return this.end!.code;
  }
}

async function using(
  how: string[],
  use: (program: Program) => Promise<void>,
  within?: string[],
): Promise<void> {
  const program = new Program(how, within);
  try {
    await use(program);
  } finally {
    if (program.end === undefined) program.kill("SIGKILL");
    await program.ended();
  }
}

for (const name of ["SIGTERM", "SIGINT"] as const) {
  test(`${name} drains and ends with code 0 and one line`, LIMIT, () =>
    using([], async (program) => {
      const client = await RawClient.open(await program.port(), {});
      await client.until("tidings-cursor");
      program.kill(name);
      assert.equal(await program.ended(), 0);
      await client.until(/retry: 1\d\d\d\n\n\r\n0\r\n\r\n$/);
      assert.equal(program.stderr, "");
      assert.match(
        program.stdout,
        new RegExp(`^one on \\d+\n${name}: closing\\. Once more ends it at once\\.\none is drained\n$`),
      );
    }));
}

test(
  "a program may say in words of its own which signal came",
  LIMIT,
  () =>
    using(["tells", "two"], async (program) => {
      await program.port("two");
      program.kill("SIGTERM");
      assert.equal(await program.ended(), 0);
      assert.equal(program.stdout.match(/^told of SIGTERM$/gm)?.length, 2);
      assert.doesNotMatch(program.stdout, /closing/);
    }),
);

test(
  "the same signal in an instant is one, as npm and a terminal together send it",
  LIMIT,
  () =>
    using([], async (program) => {
      await program.port();
      program.kill("SIGINT");
      program.kill("SIGINT");
      await until(() => program.stdout.includes("closing") || program.end !== undefined, "it is told");
      if (program.end === undefined) program.kill("SIGINT");
      assert.equal(await program.ended(), 0);
      assert.equal(program.stdout.match(/closing/g)!.length, 1);
    }),
);

test(
  "a second signal ends it at once, whatever the drain still waits for",
  LIMIT,
  () =>
    using(["hangs"], async (program) => {
      await program.port();
      program.kill("SIGTERM");
      await until(() => program.stdout.includes("SIGTERM: closing"), "it is told");
      // Until it is another signal, and not an echo of the first.
      const start = performance.now();
      while (program.end === undefined && performance.now() - start < 10_000) {
        program.kill("SIGTERM");
        await sleep(50);
      }
      assert.equal(await program.ended(), 128 + 15);
      assert.ok(performance.now() - start < 5_000);
    }),
);

test("a drain that fails is told, and the exit code is 1", LIMIT, () =>
  using(["fails"], async (program) => {
    await program.port();
    program.kill("SIGTERM");
    assert.equal(await program.ended(), 1);
    assert.match(program.stderr, /^tidings: the option drain failed: [^]*on purpose/);
  }));

test(
  "two servers of a process close together, and it ends after both",
  LIMIT,
  () =>
    using(["two"], async (program) => {
      const clients = [
        await RawClient.open(await program.port("one"), {}),
        await RawClient.open(await program.port("two"), {}),
      ];
      for (const client of clients) await client.until("tidings-cursor");
      program.kill("SIGTERM");
      assert.equal(await program.ended(), 0);
      for (const client of clients) await client.until(/retry: 1\d\d\d\n\n/);
      assert.equal(program.stdout.match(/closing/g)!.length, 1);
      assert.equal(program.stdout.match(/is drained/g)!.length, 2);
    }),
);

test(
  "once its server is closed a signal means what it meant before",
  LIMIT,
  () =>
    using(["closes"], async (program) => {
      await until(() => program.stdout.includes("closed\n"), "it has closed", 30_000);
      program.kill("SIGTERM");
      await program.ended();
      assert.notEqual(program.end!.code, 0);
      assert.doesNotMatch(program.stdout, /closing/);
    }),
);

// A container's first process, to which the kernel hands no signal that it does not listen to.
const UNSHARE = ["unshare", "--pid", "--fork", "--kill-child", "--"];

function whyNoContainer(): string | false {
  if (process.platform !== "linux") return "process namespaces are Linux's";
  try {
    execFileSync(UNSHARE[0]!, [...UNSHARE.slice(1), "true"], { stdio: "ignore" });
    return false;
  } catch {
    return "unshare --pid is not allowed here";
  }
}

const noContainer = whyNoContainer();

for (const name of ["SIGTERM", "SIGINT"] as const) {
  test(`as a container's first process, ${name} ends it, and so does a second one`, {
    ...LIMIT,
    skip: noContainer,
  }, async () => {
    const inside = ({ child }: Program) =>
      Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ")[0]);
    await using([], async (program) => {
      await program.port();
      program.kill(name, inside(program));
      assert.equal(await program.ended(), 0);
      assert.match(program.stdout, /one is drained/);
    }, UNSHARE);
    await using(["hangs"], async (program) => {
      await program.port();
      const first = inside(program);
      program.kill(name, first);
      await until(() => program.stdout.includes(`${name}: closing`), "it is told");
      const start = performance.now();
      while (program.end === undefined && performance.now() - start < 10_000) {
        try {
          program.kill(name, first);
        } catch { /* it has ended, and is not told of yet */ }
        await sleep(50);
      }
      assert.equal(await program.ended(), name === "SIGTERM" ? 143 : 130);
    }, UNSHARE);
  });
}

test("drain is called once, by close() too, and after the last connection was let in", LIMIT, async () => {
  let drains = 0;
  const server = await serve(() => new Response("fine"), {
    port: 0,
    hostname: "127.0.0.1",
    drain: async () => {
      drains++;
      await assert.rejects(fetch(server.url, { signal: AbortSignal.timeout(200) }));
    },
  });
  await Promise.all([server.close(), server.close()]);
  assert.equal(drains, 1);
});

test("signals and drain of no use are refused by name", LIMIT, async () => {
  const refuses = (options: object, message: RegExp) =>
    assert.rejects(serve(() => new Response(), { port: 0, hostname: "127.0.0.1", ...options }), message);
  await refuses(
    { signals: "SIGTERM" },
    /"signals" must be true, or a list of SIGHUP, SIGINT, [^"]* received "SIGTERM"/,
  );
  await refuses({ signals: ["SIGTERM", "SIGKILL"] }, /"signals" must be [^"]* received "SIGKILL"/);
  await refuses({ drain: 5 }, /"drain" must be a function/);
});
