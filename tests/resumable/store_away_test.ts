/** Tests what callers are told when the store cannot be reached: one error, whatever went wrong. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, ResumableStreams, type StreamStore } from "../../lib/resumable/mod.ts";
import { request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";

/** A store whose calls come to this. */
function storeThat(call: () => Promise<never>): StreamStore {
  return Object.assign(memoryStore(), { name: "the cellar", create: call, read: call, end: call });
}

const calls: Record<string, (streams: ResumableStreams) => Promise<unknown>> = {
  start: (streams) => streams.start("x", []),
  open: (streams) => streams.open("x"),
  subscribe: (streams) => streams.subscribe(request(), "x"),
  read: (streams) => streams.read("x").next(),
  status: (streams) => streams.status("x"),
  stop: (streams) => streams.stop("x"),
};

const failures = [
  ["backplane-unavailable", () => Promise.reject(new Error("no route"))],
  ["backplane-refused", () => Promise.reject(Object.assign(new Error("no rights"), { permanent: true }))],
] as const;

for (const [name, call] of Object.entries(calls)) {
  test(`${name}() says that the store cannot be reached, and which it is`, async () => {
    for (const [code, failure] of failures) {
      const streams = new ResumableStreams({ store: storeThat(failure) });
      await assert.rejects(call(streams), { name: "TidingsError", code, message: /the cellar.*: no r/ });
      await streams.close();
    }
    // One that never answers is given up in time.
    const clock = turnedClock();
    const streams = new ResumableStreams({ clock, store: storeThat(() => new Promise(() => {})) });
    const refused = assert.rejects(call(streams), {
      code: "backplane-unavailable",
      message: /the cellar.*no answer within 5000 ms/,
    });
    await clock.passAsync(5_000);
    await refused;
    await streams.close();
  });
}
