// Checks how long an engine is waited for, how attempts are spaced, and that nothing waits any more after close().
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { LONGEST_WAIT } from "../../lib/cluster/backplane.ts";
import { Patience } from "../../lib/base/patience.ts";
import { openReader } from "../../lib/cluster/open_reader.ts";
import { Broadcaster } from "../../mod.ts";
import { countingClock } from "../support/counting_clock.ts";
import { MemoryLog } from "../support/memory_backplane.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { until } from "../support/wait.ts";

/** What became of a promise by the time all that is ready has run. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  return await Promise.race([promise.catch((error: Error) => error.message), nextTurn("pending")]);
}

test("pauses double from 50 ms to 2 s, and are half as long at the least", async () => {
  for (const [random, share] of [[0, 0.5], [0.999_999, 1]] as const) {
    const clock = turnedClock({ random: () => random });
    const patience = new Patience(clock, "the broadcaster");
    for (const [failures, longest] of [[0, 50], [1, 100], [5, 1_600], [6, 2_000], [1_000, 2_000]] as const) {
      const pause = patience.pause(failures);
      clock.pass(longest * share - 1);
      assert.equal(await outcome(pause), "pending", `${failures} failures`);
      clock.pass(1);
      assert.equal(await outcome(pause), undefined, `${failures} failures`);
    }
    assert.equal(clock.pending(), 0);
  }
});

test("an engine that does not answer is given up after 5 s, and one that waits for entries after 2 s more", async () => {
  const clock = turnedClock();
  const log = new MemoryLog();
  const patience = new Patience(clock, "the broadcaster");
  const reader = await openReader(log.backplane(), patience);
  log.wedge();
  const [range, wait] = [reader.range("1", 1), reader.wait("1", 10)];
  for (const call of [range, wait]) call.catch(() => {});
  for (const [call, milliseconds] of [[wait, LONGEST_WAIT + 2_000], [range, 5_000]] as const) {
    clock.pass(milliseconds - 1 - clock.now());
    assert.equal(await outcome(call), "pending");
    clock.pass(1);
    assert.equal(await outcome(call), `no answer within ${milliseconds} ms`);
  }
  reader.close();

  log.freeze("open");
  const opening = openReader(log.backplane(), patience);
  clock.pass(5_000);
  assert.equal(await outcome(opening), "no answer within 5000 ms");
  log.thaw();
  await until(() => log.readers === 0, "one that opens after all is closed");
  assert.equal(clock.pending(), 0);
});

test("its end ends every pause and every wait", async () => {
  const clock = turnedClock();
  const log = new MemoryLog();
  const patience = new Patience(clock, "the broadcaster");
  const reader = await openReader(log.backplane(), patience);
  log.wedge();
  const waiting = [patience.pause(6), reader.range("1", 1), reader.wait("1", 10)];
  for (const each of waiting) each.catch(() => {});
  patience.end();
  assert.deepEqual(await Promise.all(waiting.map(outcome)), [
    undefined,
    "the broadcaster is closed",
    "the broadcaster is closed",
  ]);
  assert.equal(await outcome(patience.pause(6)), undefined);
  assert.equal(await outcome(openReader(log.backplane(), patience)), "the broadcaster is closed");
  reader.close();
  await until(() => log.readers === 0, "no reader is left open");
  assert.equal(clock.pending(), 0);
});

for (
  const [what, spoil] of Object.entries({
    "is down": (log: MemoryLog) => log.fail(),
    "hangs while it is opened": (log: MemoryLog) => log.freeze("open"),
    "hangs while it is read": (log: MemoryLog) => log.freeze("range"),
  })
) {
  test(`close() leaves no timer where the engine ${what}`, async () => {
    const clock = countingClock();
    const log = new MemoryLog();
    const old = log.push(JSON.stringify({ data: "old" }));
    for (let i = 0; i < 10; i++) log.push(JSON.stringify({ data: `${i}` }));
    const feed = new Broadcaster({
      backplane: log.backplane(),
      clock,
      onError: () => {},
      history: { events: 2 },
      publishTimeout: 100,
    });
    await until(() => feed.health().ok, "the node is ready");
    spoil(log);
    log.disconnect();
    // One reader of the archive and one publisher wait too.
    const client = new MemoryClient(feed.subscribe(request({ lastEventId: old })));
    await client.settle();
    feed.publish("lost");
    await until(() => !feed.health().ok, "the node has noticed");
    await feed.close();
    await nextTurn();
    assert.equal(clock.pending(), 0);
    log.thaw();
  });
}
