// Tests connectShared() without a browser. Where the runtime has Web Locks and BroadcastChannel two streams share as two tabs
// do; elsewhere each is alone. Real tabs are in tests/browser/client_shared.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connectShared } from "../../lib/client/shared.ts";
import { events, openStream, resumeAt, startServer } from "../support/client_server.ts";
import { until } from "../support/wait.ts";

const shares = "locks" in (globalThis.navigator ?? {}) && "BroadcastChannel" in globalThis;

test(
  `two streams ${
    shares ? "share a connection" : "have a connection each"
  }, and one goes on without the other`,
  { timeout: 20_000 },
  async () => {
    const server = await startServer((response, seen) => {
      const from = resumeAt(seen);
      openStream(response);
      // Late enough for both to be there.
      setTimeout(() => response.write(from === 1 ? events(1, 3) : events(from, 6)), 300);
    });
    const name = `test ${Math.random()}`;
    const seen: string[][] = [[], []];
    const streams = [0, 1].map((n) => {
      const stream = connectShared(server.url, { name, retry: { base: 20 } });
      stream.on((item) => seen[n]!.push(item.lastEventId));
      return stream;
    });
    await until(() => seen.every((ids) => ids.at(-1) === "3"), "the first events in both");
    assert.equal(server.requests.length, shares ? 1 : 2);
    const roles = streams.map((stream) => stream.role).sort();
    assert.deepEqual(roles, shares ? ["follower", "leader"] : ["alone", "alone"]);
    const first = shares ? streams.findIndex((stream) => stream.role === "leader") : 0;
    streams[first]!.close();
    if (shares) {
      await until(() => seen[1 - first]!.at(-1) === "6", "the other to take over");
      assert.deepEqual(
        seen[1 - first],
        ["1", "2", "3", "4", "5", "6"].slice(6 - seen[1 - first]!.length),
        "each once",
      );
      assert.equal(streams[1 - first]!.role, "leader");
    }
    assert.deepEqual(seen[first]!.at(-1), "3");
    streams[1 - first]!.close();
    await Promise.all(streams.map((stream) => stream.closed));
    await until(() => server.streams() === 0, "the server to see both leave");
    await server.kill();
  },
);

test("a wrong option is refused at once", () => {
  assert.throws(() => connectShared("http://127.0.0.1:9", { history: 0 }), {
    name: "TypeError",
    message: "history must be a positive number, received 0",
  });
});
