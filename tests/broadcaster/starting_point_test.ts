/** Tests where clients go on that come back with an id of the publisher's, with `earliest`, or by a matcher. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type BroadcasterOptions, type SubscribeOptions } from "../../mod.ts";
import { MemoryLog } from "../support/memory_backplane.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { until } from "../support/wait.ts";

const HEADER = "x-last-event-id";

function connect(feed: Broadcaster, lastEventId?: string, options: SubscribeOptions = {}) {
  const response = feed.subscribe(request({ lastEventId }), {
    topics: "*",
    lastEventIdHeader: HEADER,
    ...options,
  });
  return { client: new MemoryClient(response), header: response.headers.get(HEADER) };
}

const logs: [string, () => BroadcasterOptions][] = [
  ["alone", () => ({})],
  ["with a backplane", () => ({ backplane: new MemoryLog().backplane() })],
];

for (const [kind, options] of logs) {
  test(`${kind}: an event goes out under its own id, and either id leads back to it`, async () => {
    const feed = new Broadcaster(options());
    await until(() => feed.health().ok, "the log is read");
    const { client, header } = connect(feed);
    assert.equal(header, null, "a client that is new has no place to be told of");
    const places = [
      await feed.publish({ id: "urn:one", data: 1 }),
      await feed.publish({ data: 2 }),
      await feed.publish({ id: "é", data: 3 }),
      await feed.publish({ id: "urn:one", data: 4 }),
    ];
    await client.until(() => client.events.length === 4, "four events");
    assert.deepEqual(client.events.map(({ id }) => id), ["urn:one", places[1], "é", "urn:one"]);
    const following: [string, string[]][] = [
      ["urn:one", ["2", "3", "4"]],
      [places[0]!, ["2", "3", "4"]],
      [places[1]!, ["3", "4"]],
      ["é", ["4"]],
      ["earliest", ["1", "2", "3", "4"]],
    ];
    for (const [id, expected] of following) {
      const back = connect(feed, undefined, { lastEventId: id });
      await back.client.until(() => back.client.events.length >= expected.length, `what follows on ${id}`);
      assert.deepEqual(back.client.data, expected);
      assert.equal(back.header, id === "é" ? "Ã©" : id, "as bytes of UTF-8");
    }
    const unknown = connect(feed, "urn:two");
    await unknown.client.until(() => unknown.client.events.length === 1, "a gap");
    assert.equal(unknown.client.events[0]!.event, "gap");
    await feed.close();
  });
}

test("the header says where a stream goes on that cannot go on where its client was", async () => {
  const feed = new Broadcaster({ history: { events: 2 } });
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(await feed.publish({ id: `own-${i}`, data: i }));
  await new Promise(setImmediate);
  assert.equal(connect(feed, "own-0").header, "earliest", "the event after it is gone");
  assert.equal(connect(feed, "own-1").header, "own-1", "it is gone, and nothing after it is");
  assert.equal(connect(feed, "nonsense").header, ids[3]);
  assert.equal(connect(feed, undefined, { lastEventId: "a\nb: c" }).header, ids[3]);
  await feed.close();
});

test("another process that reads the log finds an event by its own id, and waits for one that it has not read", async () => {
  const log = new MemoryLog();
  const [a, b] = [
    new Broadcaster({ backplane: log.backplane() }),
    new Broadcaster({ backplane: log.backplane() }),
  ];
  await until(() => a.health().ok && b.health().ok, "both nodes are ready");
  await a.publish({ id: "urn:first", data: 1 });
  const first = connect(b);
  await first.client.until(() => first.client.events.length === 1, "b has read");
  const sent = a.publish({ id: "urn:second", data: 2 });
  const early = connect(b, "urn:second");
  await sent;
  await a.publish({ data: 3 });
  await early.client.until(() => early.client.events.length === 1, "what follows");
  assert.deepEqual(early.client.data, ["3"]);
  await Promise.all([a.close(), b.close()]);
});

test("with a matcher and several topics, live and after a return, each event comes once, and a gap only if it missed one", async () => {
  const feed = new Broadcaster({ history: { events: 3 } });
  const below = (path: string) => ({ key: path, matches: (topic: string) => topic.startsWith(path) });
  const topics = [below("a/"), "b"];
  const { client } = connect(feed, undefined, { topics });
  const start = await feed.publish({ topic: "a/0", data: 0 });
  await feed.publish({ topic: ["x", "a/1", "b", "a/2"], data: 1 });
  await feed.publish({ topic: ["x", "y"], data: 2 });
  await client.until(() => client.events.length === 2, "two events");
  assert.deepEqual(client.data, ["0", "1"]);
  const back = connect(feed, start, { topics });
  await back.client.until(() => back.client.events.length === 1, "the one that was missed");
  assert.deepEqual(back.client.data, ["1"]);
  for (let i = 3; i < 6; i++) await feed.publish({ topic: "x", data: i });
  assert.equal(connect(feed, start, { topics }).header, "earliest");
  assert.equal(connect(feed, start, { topics: [below("c/")] }).header, start, "it missed nothing of its own");
  await feed.close();
});

test("a client goes before its time is over, also if it takes nothing", async () => {
  const clock = turnedClock();
  const ends: string[] = [];
  const feed = new Broadcaster({ clock, keepalive: false, onClose: ({ reason }) => ends.push(reason) });
  const expires = clock.now() + 10_000;
  const { client } = connect(feed, undefined, { expires });
  const stalled = connect(feed, undefined, { expires });
  await client.settle();
  for (let i = 0; i < 100; i++) feed.publish("x".repeat(10_000));
  await client.settle();
  assert.equal(feed.stats().lagging, 1);
  assert.equal(connect(feed).header, null);
  clock.pass(7_000);
  assert.equal(feed.size, 3);
  clock.pass(3_000);
  assert.deepEqual(ends, ["lifetime", "lifetime"]);
  assert.equal(feed.size, 1, "one without an end stays");
  void stalled;
  const late = connect(feed, undefined, { expires: clock.now() + 500 });
  await late.client.settle();
  assert.equal(late.client.ended, "end");
  assert.throws(() => connect(feed, undefined, { expires: Number.NaN }), /Option "expires" must be a number/);
  void feed.close();
});
