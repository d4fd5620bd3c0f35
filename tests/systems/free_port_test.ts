/** Tests that a port which was given to one server is given to no other, also in another process. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";

test("a port that somebody was given is not given again, although nobody listens on it yet", async (t) => {
  const proposed: number[] = [];
  const random = Math.random;
  t.after(() => {
    Math.random = random;
  });
  Math.random = () => {
    const number = proposed.shift();
    return number === undefined ? random() : (number - 20_000 + 0.5) / 12_000;
  };
  const port = await freePort();
  // What another process does that is given this one.
  const elsewhere = createSocket("udp4");
  t.after(() => elsewhere.close());
  elsewhere.bind({ port: 0, address: "127.0.0.1", exclusive: true });
  await once(elsewhere, "listening");
  const taken = elsewhere.address().port;
  proposed.push(port, taken);
  const third = await freePort();
  assert.deepEqual(proposed, [], "both were tried");
  assert.ok(third !== port && third !== taken, `${third} is neither ${port} nor ${taken}`);
});
