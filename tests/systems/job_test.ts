/** Tests the long job: it runs once, whoever watches, and is found again. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { createJobs, type JobsOptions, type Progress } from "../../examples/job/job.ts";
import { countPrimes, primesUpTo } from "../../examples/job/primes.ts";
import { router } from "../../examples/support/router.ts";
import { servers, withServer } from "../support/servers.ts";
import { sleep } from "../support/wait.ts";
import { Watch } from "../support/watch.ts";

const LIMIT = { timeout: 60_000 };
const QUICK: JobsOptions = { rest: 5, limit: 1_000_000, slices: 40 };

interface Jobs {
  readonly origin: string;
  begin(): Promise<string>;
}

/** Runs the system on each server. */
function jobTest(name: string, options: JobsOptions, use: (jobs: Jobs) => Promise<void>): void {
  for (const kind of servers) {
    test(`${name} (${kind.name})`, LIMIT, async () => {
      const { routes, close } = createJobs(options);
      try {
        await withServer(kind, router(routes), async (port) => {
          const origin = `http://127.0.0.1:${port}`;
          await use({
            origin,
            async begin() {
              const response = await fetch(`${origin}/job/jobs`, { method: "POST" });
              assert.equal(response.status, 201);
              await response.text();
              return origin + response.headers.get("location");
            },
          });
          await close();
        });
      } finally {
        await close();
      }
    });
  }
}

const states = (watch: Watch) => watch.data("progress") as Progress[];

/** Waits for the job's end, and gives how it ended and where it was then. */
async function untilOver(watch: Watch): Promise<{ state: string; progress: Progress }> {
  const { state } = await watch.latest("end") as { state: string };
  return { state, progress: states(watch).at(-1)! };
}

jobTest("a job counts to its end, and its result is right", QUICK, async (jobs) => {
  const watch = await Watch.open(await jobs.begin());
  const { state, progress: { done, total, found, left } } = await untilOver(watch);
  assert.deepEqual({ state, done, total, found, left }, {
    state: "complete",
    done: 40,
    total: 40,
    found: 78_498, // π(10⁶)
    left: 0,
  });
  const seen = states(watch).map(({ done }) => done);
  assert.deepEqual(seen, [...seen].sort((a, b) => a - b), "it never goes back");
  watch.leave();
});

jobTest("who comes late or comes back is told where the job is, first and once", QUICK, async (jobs) => {
  const address = await jobs.begin();
  const first = await Watch.open(address);
  await first.until("progress", 11);
  const { lastEventId } = first.events[1]!;
  first.leave();
  await sleep(50);
  const [late, back] = [
    await Watch.open(address),
    await Watch.open(address, { "last-event-id": lastEventId }),
  ];
  for (const watch of [late, back]) {
    await watch.until("progress");
    assert.ok(states(watch)[0]!.done >= 10, `begins at ${states(watch)[0]!.done}`);
  }
  const [a, b] = [await untilOver(late), await untilOver(back)];
  assert.deepEqual(a, b);
  const after = await Watch.open(address);
  assert.deepEqual(await untilOver(after), a);
  assert.equal(states(after).length, 1, "one that is over is told by its last state");
  for (const watch of [late, back, after]) watch.leave();
});

jobTest("cancel stops the work, and all pages are told", { ...QUICK, rest: 20 }, async (jobs) => {
  const address = await jobs.begin();
  const [one, other] = [await Watch.open(address), await Watch.open(address)];
  await one.until("progress", 3);
  const answer = await (await fetch(address, { method: "DELETE" })).json();
  assert.deepEqual(answer, { state: "stopped" });
  const over = await untilOver(one);
  assert.equal(over.state, "stopped");
  assert.deepEqual(await untilOver(other), over);
  await sleep(100);
  const late = await Watch.open(address);
  assert.deepEqual(await untilOver(late), over, "not a slice more");
  assert.deepEqual(await (await fetch(address, { method: "DELETE" })).json(), answer);
  for (const watch of [one, other]) watch.leave();
});

jobTest(
  "there are only so many at once, and none that was never begun",
  { ...QUICK, running: 1 },
  async (jobs) => {
    const address = await jobs.begin();
    const second = await fetch(`${jobs.origin}/job/jobs`, { method: "POST" });
    assert.equal(second.status, 503);
    await second.text();
    for (const method of ["GET", "DELETE"]) {
      const response = await fetch(`${address}0`, { method });
      assert.equal(response.status, 404);
      await response.text();
    }
    const watch = await Watch.open(address);
    await untilOver(watch);
    watch.leave();
    await jobs.begin();
  },
);

test("the sieve is right, in whatever slices", () => {
  assert.deepEqual(primesUpTo(30), [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
  assert.equal(primesUpTo(29).at(-1), 29);
  const base = primesUpTo(1_000);
  for (const step of [1_000_000, 99_991, 7_919]) {
    let found = 0;
    for (let from = 0; from < 1_000_000; from += step) {
      found += countPrimes(from, Math.min(from + step, 1_000_000), base);
    }
    assert.equal(found, 78_498);
  }
  assert.equal(countPrimes(0, 3, base), 1);
  assert.equal(countPrimes(113, 127, base), 1); // the first gap of 14
});
