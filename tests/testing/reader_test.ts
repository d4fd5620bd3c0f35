// Tests what users test their handlers by: the reader, and the clock that is turned by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readEvents, turnedClock } from "../../lib/testing/mod.ts";
import { Broadcaster, type CloseInfo, createSSEResponse } from "../../mod.ts";
import { connect } from "../../lib/client/mod.ts";
import { deferred } from "../support/wait.ts";

type Events = { price: { symbol: string; amount: number }; message: string };

test("events come once each, typed, in order, and by whichever method asks first", async () => {
  const market = new Broadcaster<Events>();
  const reader = readEvents<Events>((request) => market.subscribe(request), { request: "/prices?of=all" });
  const response = await reader.response;
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  for (const amount of [1, 2, 3, 4]) market.publish({ event: "price", data: { symbol: "ACME", amount } });
  market.publish("12");
  const first = await reader.next();
  assert.deepEqual(first.data, { symbol: "ACME", amount: 1 });
  assert.deepEqual((await reader.take(2)).map(({ text }) => JSON.parse(text).amount), [2, 3]);
  const { data: { amount } } = await reader.expectEvent({
    event: "price",
    data: { amount: 4, symbol: "ACME" },
  });
  assert.equal(amount, 4);
  // A string is compared as it was sent, though it looks like JSON.
  assert.equal((await reader.expectEvent({ event: "message", data: "12" })).text, "12");
  assert.equal(reader.received.length, 5);
  await reader.leave();
  assert.equal(market.size, 0);
  assert.equal(await reader.closed, "left");
  await market.close();
});

test("what is expected and does not come is told with what came instead", async () => {
  const reader = readEvents(
    (request) =>
      createSSEResponse(
        request,
        (connection) => void connection.send({ event: "price", data: { amount: 1 } }),
      ),
    { timeout: 30 },
  );
  await assert.rejects(reader.expectEvent({ event: "price", data: { amount: 2 } }), {
    message:
      'No event {"event":"price","data":{"amount":2}}: nothing more came within 30 ms. What came instead:\n' +
      '  event "price", data {"amount":1}',
  });
  // Nothing was passed over in vain.
  assert.deepEqual((await reader.next()).data, { amount: 1 });
  await assert.rejects(
    reader.next(),
    /^Error: No next event: nothing more came within 30 ms\. No event came/,
  );
  // The comment that opens each stream is no keepalive.
  await assert.rejects(reader.expectComment(), /^Error: No comment: nothing more came/);
  await reader.leave();
  await assert.rejects(reader.take(1), /the stream has ended, the reader left/);
});

test("the end is told apart: final, the end, and cut off", async () => {
  const final = readEvents((request) => createSSEResponse(request, ["Hel", "lo"]));
  assert.deepEqual((await final.rest()).map(({ data }) => data), ["Hel", "lo"]);
  assert.equal(await final.closed, "final");

  const end = readEvents(createSSEResponse(new Request("http://localhost/"), ["a"], { final: false }));
  for await (const { data } of end) assert.equal(data, "a");
  assert.equal(await end.closed, "end");

  const failure = new Error("no more");
  const infos: CloseInfo[] = [];
  const cut = readEvents((request) =>
    createSSEResponse(request, async function* () {
      yield "one";
      await null;
      throw failure;
    }, { onClose: (info) => void infos.push(info) })
  );
  await assert.rejects(
    cut.take(2),
    /^Error: Not 2 events: the stream has ended, it failed: .*\n {2}event "message", data one$/,
  );
  await assert.rejects(cut.closed);
  assert.deepEqual(infos, [{ reason: "error", error: failure }]);
});

test("what is no event stream, a handler that throws, and one that never answers", async () => {
  const refused = readEvents(() => new Response("who?", { status: 401 }));
  assert.equal((await refused.response).status, 401);
  await assert.rejects(refused.next(), /failed: Server answered 401/);
  await assert.rejects(refused.closed, { code: "bad-status" });
  await refused.leave();

  const broken = readEvents(() => {
    throw new Error("not today");
  });
  await assert.rejects(broken.next(), /failed: not today/);

  const mute = readEvents(() => new Promise(() => {}));
  await mute.leave();
  assert.equal(await mute.closed, "left");
});

test("a client that comes back goes on where it was, and its departure is seen", async () => {
  const closed = deferred<CloseInfo>();
  const market = new Broadcaster({ onClose: closed.resolve });
  const handler = (request: Request) => market.subscribe(request);
  const reader = readEvents(handler, { headers: { cookie: "session=7" } });
  await reader.response;
  market.publish("one");
  await reader.expectEvent({ data: "one" });
  await reader.leave();
  assert.equal((await closed.promise).reason, "client");
  market.publish("two");
  const back = readEvents(handler, { lastEventId: reader.lastEventId });
  assert.equal((await back.next()).data, "two");
  await back.leave();
  await market.close();
});

test("keepalive, lifetime and retry pass without waiting", async () => {
  const clock = turnedClock();
  const limits = { lifetime: 60_000 };
  const market = new Broadcaster({ clock, keepalive: 15_000, retry: 1_500, limits });
  const reader = readEvents((request) => market.subscribe(request));
  await clock.passAsync(31_000);
  assert.equal(await reader.expectComment(), "");
  assert.equal(await reader.expectComment(), "");
  assert.equal(reader.retry, 1_500);
  await clock.passAsync(31_000);
  assert.equal(await reader.closed, "end");
  assert.equal(market.size, 0);
  await market.close();

  // The client's wait for its next attempt, with the same clock and no server.
  let requests = 0;
  const fetch = () => {
    requests++;
    return Promise.reject(new Error("down"));
  };
  const stream = connect("http://localhost/", { clock, fetch, retry: { base: 10_000 } });
  stream.on(() => {});
  await clock.passAsync(4_999);
  assert.equal(requests, 1);
  await clock.passAsync(1);
  assert.equal(requests, 2);
  stream.close();
  await stream.closed;
  assert.equal(clock.pending(), 0);
});

test("an expectation that would hold of any event is refused, for its test would tell nothing", async () => {
  const reader = readEvents((request) => createSSEResponse(request, [{ event: "note", data: "for Ann" }]));
  const expectEvent = (...expected: unknown[]) => () =>
    (reader.expectEvent as (...expected: unknown[]) => Promise<unknown>)(...expected);
  for (
    const [expected, message] of [
      [["note"], 'The options of expectEvent must be an object, received "note": write { event: "note" }'],
      [["note", { text: "x" }], "expectEvent() takes one value, received 2: write { event, data }"],
      [[{ type: "note" }], 'Unknown option "type" of expectEvent: use event'],
      [[{ evnet: "note" }], 'Unknown option "evnet" of expectEvent: did you mean "event"?'],
      [[], "The options of expectEvent must be an object, received undefined"],
    ] as [unknown[], string][]
  ) {
    assert.throws(expectEvent(...expected), { name: "TypeError", message });
  }
  await reader.expectEvent({ event: "note" });
});

test("options of no use are refused", () => {
  const response = new Response("");
  assert.throws(() => readEvents(response, { lastEventId: "1" }), /Option "lastEventId" must be left out/);
  assert.throws(() => readEvents(response, { timeOut: 1 } as object), /did you mean "timeout"/);
  assert.throws(
    () => readEvents(() => response, "/events" as never),
    /must be an object, received "\/events": write { request: "\/events" }$/,
  );
  assert.throws(() => turnedClock().pass(-1), /Option "milliseconds" must be a number/);
});
