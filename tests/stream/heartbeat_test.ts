/** Tests the one timer for many streams. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { joinHeartbeat, leaveHeartbeat } from "../../lib/stream/heartbeat.ts";
import { createSSEResponse } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";

test("all members of one interval share one timer, and the last one takes it along", () => {
  const clock = turnedClock();
  const beats = new Map<object, number>();
  const member = () => {
    const each = { beat: () => void beats.set(each, (beats.get(each) ?? 0) + 1) };
    return each;
  };
  const [a, b, c] = [member(), member(), member()];
  joinHeartbeat(clock, 100, a);
  joinHeartbeat(clock, 100, b);
  joinHeartbeat(clock, 250, c);
  assert.equal(clock.pending(), 2);
  clock.pass(500);
  assert.deepEqual([a, b, c].map((each) => beats.get(each)), [5, 5, 2]);
  leaveHeartbeat(clock, 100, a);
  leaveHeartbeat(clock, 100, a);
  clock.pass(100);
  assert.deepEqual([a, b].map((each) => beats.get(each)), [5, 6]);
  leaveHeartbeat(clock, 100, b);
  leaveHeartbeat(clock, 250, c);
  leaveHeartbeat(clock, 7, c);
  assert.equal(clock.pending(), 0);
});

test("the last member may leave during a beat", () => {
  const clock = turnedClock();
  const member = { beat: () => leaveHeartbeat(clock, 10, member) };
  joinHeartbeat(clock, 10, member);
  clock.pass(10);
  assert.equal(clock.pending(), 0);
});

test("keepalives go out at the interval, and none for false or Infinity", async () => {
  for (const keepalive of [1_000, false, Infinity] as const) {
    const clock = turnedClock();
    const client = new MemoryClient(createSSEResponse(request(), () => {}, { keepalive, clock }));
    await client.settle();
    for (let i = 0; i < 5; i++) {
      clock.pass(1_000);
      await client.settle();
    }
    assert.equal(client.chunks.length, keepalive === 1_000 ? 6 : 1, String(keepalive));
    await client.leave();
    assert.equal(clock.pending(), 0);
  }
});
