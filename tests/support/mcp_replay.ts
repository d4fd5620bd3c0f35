/**
 * Replays a stream while its own process stores into it, as the SDK's transport does: nothing may be missing, nor come twice.
 *
 * @module
 */

import assert from "node:assert/strict";
import { eventStore } from "../../lib/mcp/mod.ts";
import type { ResumableStreams } from "../../lib/resumable/mod.ts";

const EACH = 20;
const numbers = Array.from({ length: EACH }, (_, n) => n + 1);

/** Lets so many microtasks pass. */
async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await undefined;
}

/** Runs a number of rounds, each of which begins the replay at another moment. */
export async function replayWhileStoring(streams: ResumableStreams, rounds: number): Promise<void> {
  const events = eventStore(streams, { session: "s" });
  for (let round = 1; round <= rounds; round++) {
    const from = await events.storeEvent("call", {});
    const seen: number[] = [];
    // The transport writes what it was told to be stored to whoever is registered by then.
    let isRegistered = false;
    const storing = Promise.all(numbers.map(async (n) => {
      await pass((n * round) % 7);
      await events.storeEvent("call", { jsonrpc: "2.0", method: "progress", params: { n } });
      if (isRegistered) seen.push(n);
    }));
    await pass(round % 11);
    await events.replayEventsAfter(from, {
      // deno-lint-ignore require-await -- the SDK's is asynchronous
      async send(_, message) {
        seen.push((message as { params: { n: number } }).params.n);
      },
    });
    isRegistered = true;
    await storing;
    assert.equal(seen.length, EACH, `round ${round}: ${seen}`);
    assert.equal(new Set(seen).size, EACH, `round ${round}: ${seen}`);
  }
}
