// Tests the Broadcaster over clients in memory: fan-out, topics, resuming, lagging, draining.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type CloseInfo, type Gap, TidingsError } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { countingClock } from "../support/counting_clock.ts";

const gaps = (client: MemoryClient): Gap[] =>
  client.events.filter(({ event }) => event === "gap").map(({ data }) => JSON.parse(data));

test("what is published reaches every client, in order, with the id that publish returned", async () => {
  const feed = new Broadcaster();
  const clients = [new MemoryClient(feed.subscribe(request())), new MemoryClient(feed.subscribe(request()))];
  for (const client of clients) await client.settle();
  const ids = await Promise.all([feed.publish("one"), feed.publish({ event: "two", data: { a: 1 } })]);
  for (const client of clients) {
    await client.settle();
    assert.deepEqual(client.events, [
      { event: undefined, data: "one", id: ids[0] },
      { event: "two", data: '{"a":1}', id: ids[1] },
    ]);
  }
  await feed.close();
});

test("what one turn publishes is one chunk, made once and shared", async () => {
  const feed = new Broadcaster();
  const clients = Array.from({ length: 3 }, () => new MemoryClient(feed.subscribe(request())));
  for (const client of clients) await client.settle();
  for (let i = 0; i < 20; i++) feed.publish(`${i}`);
  for (const client of clients) await client.settle();
  for (const client of clients) {
    assert.equal(client.chunks.length, 2); // the prelude and this
    assert.equal(client.events.length, 20);
    assert.equal(client.chunks[1], clients[0]!.chunks[1]);
  }
  await feed.close();
});

test("topics: an event with one reaches its subscribers, one without reaches all", async () => {
  const feed = new Broadcaster();
  const subscribe = (topics?: string[] | "*") => new MemoryClient(feed.subscribe(request(), { topics }));
  const [none, a, ab, ba, all] = [
    subscribe(),
    subscribe(["a"]),
    subscribe(["a", "b"]),
    subscribe(["b", "a"]),
    subscribe("*"),
  ];
  const clients = [none, a, ab, ba, all];
  for (const client of clients) await client!.settle();
  feed.publish("to all");
  feed.publish({ data: "to a", topic: "a" });
  feed.publish({ data: "to b", topic: "b" });
  feed.publish({ data: "to c", topic: "c" });
  for (const client of clients) await client!.settle();
  assert.deepEqual(none!.data, ["to all"]);
  assert.deepEqual(a!.data, ["to all", "to a"]);
  assert.deepEqual(ab!.data, ["to all", "to a", "to b"]);
  assert.deepEqual(all!.data, ["to all", "to a", "to b", "to c"]);
  assert.equal(ba!.chunks[1], ab!.chunks[1], "the same topics in another order share their chunks");
  await feed.close();
});

test("a filter decides event by event, and one that throws withholds the event", async () => {
  const feed = new Broadcaster<{ price: { amount: number } }>();
  const printed: unknown[] = [];
  const original = console.error;
  console.error = (...args: unknown[]) => printed.push(args);
  const client = new MemoryClient(feed.subscribe(request(), {
    filter: ({ data }) => {
      if (data.amount === 13) throw new Error("superstition");
      return data.amount > 10;
    },
  }));
  try {
    await client.settle();
    for (const amount of [5, 11, 13, 20]) feed.publish({ event: "price", data: { amount } });
    await client.settle();
  } finally {
    console.error = original;
  }
  assert.deepEqual(client.data, ['{"amount":11}', '{"amount":20}']);
  assert.match(String(printed[0]), /filter threw, and the event was withheld/);
  await feed.close();
});

test("a client that does not read is handed nothing more, and catches up when it does", async () => {
  const feed = new Broadcaster();
  const [slow, quick] = [
    new MemoryClient(feed.subscribe(request())),
    new MemoryClient(feed.subscribe(request())),
  ];
  await slow.settle();
  await quick.settle();
  for (let i = 0; i < 500; i++) {
    feed.publish({ data: `${i}`.padEnd(100) });
    await quick.settle();
  }
  assert.equal(quick.events.length, 500);
  assert.equal(feed.stats().lagging, 1);
  assert.ok(slow.events.length <= 2);
  await slow.settle();
  assert.deepEqual(slow.data, quick.data);
  assert.ok(slow.chunks.length < 20, "in a few large chunks, not one by one");
  assert.equal(feed.stats().lagging, 0);
  await feed.close();
});

test("an event larger than the pieces in which the log is read reaches a client that lags whole", async () => {
  const feed = new Broadcaster();
  const client = new MemoryClient(feed.subscribe(request()));
  const large = "x".repeat(100_000);
  for (const data of ["before", large, "after"]) {
    feed.publish(data);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await client.settle();
  assert.deepEqual(client.data, ["before", large, "after"]);
  await feed.close();
});

test("a client that comes back goes on after its last id, and sees nothing twice", async () => {
  const feed = new Broadcaster();
  const first = new MemoryClient(feed.subscribe(request()));
  await first.settle();
  feed.publish("1");
  await first.settle();
  await first.leave();
  feed.publish("2");
  feed.publish("3"); // still in this turn when the client subscribes
  const second = new MemoryClient(feed.subscribe(request({ lastEventId: first.lastEventId })));
  feed.publish("4");
  await second.settle();
  assert.deepEqual(second.data, ["2", "3", "4"]);
  await feed.close();
});

test("a client can come back before it was sent anything", async () => {
  const feed = new Broadcaster();
  const first = new MemoryClient(feed.subscribe(request()));
  await first.settle();
  assert.deepEqual(first.events, []);
  assert.match(first.lastEventId!, /^[0-9a-z]+-0$/);
  await first.leave();
  feed.publish("missed");
  const second = new MemoryClient(feed.subscribe(request({ lastEventId: first.lastEventId })));
  await second.settle();
  assert.deepEqual(second.data, ["missed"]);
  await feed.close();
});

test("an empty id as an option is no id, whatever the request says", async () => {
  const feed = new Broadcaster();
  const lastEventId = await feed.publish("old");
  feed.publish("older than the client");
  const client = new MemoryClient(feed.subscribe(request({ lastEventId }), { lastEventId: "" }));
  feed.publish("new");
  await client.settle();
  assert.deepEqual(client.data, ["new"]);
  await feed.close();
});

test("the query parameter is read where there is no header, and the header goes first", async () => {
  const feed = new Broadcaster();
  const ids = await Promise.all(["1", "2", "3"].map((data) => feed.publish(data)));
  const subscribe = (header?: string) =>
    new MemoryClient(feed.subscribe(
      new Request(`http://localhost/?last=${ids[0]}`, { headers: header ? { "last-event-id": header } : {} }),
      { lastEventIdQuery: "last" },
    ));
  const [byQuery, byHeader] = [subscribe(), subscribe(ids[1])];
  await byQuery.settle();
  await byHeader.settle();
  assert.deepEqual(byQuery.data, ["2", "3"]);
  assert.deepEqual(byHeader.data, ["3"]);
  await feed.close();
});

test("a gap tells exactly what may be missing: trimmed, another life, or an id that was never ours", async () => {
  const feed = new Broadcaster({ history: { events: 2 } });
  const ids = await Promise.all(["1", "2", "3", "4", "5"].map((data) => feed.publish(data)));
  const resume = async (lastEventId: string) => {
    const client = new MemoryClient(feed.subscribe(request({ lastEventId })));
    await client.settle();
    return client;
  };
  const trimmed = await resume(ids[0]!);
  assert.deepEqual(gaps(trimmed), [{ requested: ids[0], resumedAt: ids[2], reason: "trimmed" }]);
  assert.deepEqual(trimmed.data.slice(1), ["4", "5"]);
  assert.equal(trimmed.events[0]!.id, ids[2], "the gap's own id is where it goes on");

  assert.deepEqual((await resume(ids[2]!)).data, ["4", "5"], "nothing was lost, so nothing is said");

  const otherLife = await resume("abc123-1");
  assert.deepEqual(gaps(otherLife), [{ requested: "abc123-1", resumedAt: ids[2], reason: "epoch" }]);
  assert.deepEqual(otherLife.data.slice(1), ["4", "5"]);

  const epoch = ids[0]!.split("-")[0];
  for (
    const bad of [
      "x",
      `${epoch}-6`,
      `${epoch}-01`,
      `${epoch}--1`,
      `${epoch}-1e3`,
      `${epoch}-99999999999999999`,
      "y".repeat(9_000),
    ]
  ) {
    const client = await resume(bad);
    assert.deepEqual(gaps(client), [{ requested: bad.slice(0, 64), resumedAt: ids[4], reason: "invalid" }]);
    assert.equal(client.events.length, 1);
  }
  await feed.close();
});

test("a quiet topic is not missed because a busy one has filled the history", async () => {
  const feed = new Broadcaster({ history: { events: 3 } });
  const id = await feed.publish({ data: "q1", topic: "quiet" });
  for (let i = 0; i < 10; i++) feed.publish({ data: "b", topic: "busy" });
  const quiet = new MemoryClient(feed.subscribe(request({ lastEventId: id }), { topics: ["quiet"] }));
  const busy = new MemoryClient(feed.subscribe(request({ lastEventId: id }), { topics: ["busy"] }));
  await quiet.settle();
  await busy.settle();
  assert.deepEqual(gaps(quiet), []);
  assert.equal(gaps(busy).length, 1);
  await feed.close();
});

test("history ends by events, by bytes and by age", async () => {
  const clock = turnedClock();
  const resumed = async (history: { events?: number; bytes?: number; age?: number }, wait: number) => {
    const feed = new Broadcaster({ history, clock });
    const id = await feed.publish("0");
    for (let i = 1; i <= 5; i++) {
      feed.publish({ data: "x".repeat(100) });
      await new Promise((resolve) => setTimeout(resolve));
      clock.pass(10);
    }
    clock.pass(wait);
    const client = new MemoryClient(feed.subscribe(request({ lastEventId: id })));
    await client.settle();
    await feed.close();
    return client.data.filter((data) => data.startsWith("x")).length;
  };
  assert.equal(await resumed({}, 0), 5);
  assert.equal(await resumed({ events: 3 }, 0), 3);
  assert.equal(await resumed({ bytes: 300 }, 0), 2);
  assert.equal(await resumed({ age: 1_000 }, 955), 4);
  assert.equal(await resumed({ age: 1_000 }, 2_000), 0);
});

test("policy disconnect: a client that falls off the history is ended, and learns of the gap when it comes back", async () => {
  const feed = new Broadcaster({ history: { events: 3 } });
  const closed: CloseInfo[] = [];
  const client = new MemoryClient(feed.subscribe(request(), { onClose: (info) => closed.push(info) }));
  await client.settle();
  const ids: string[] = [];
  for (let i = 0; i < 9; i++) {
    ids.push(await feed.publish(`${i}`));
    await new Promise((resolve) => setTimeout(resolve));
  }
  await client.settle();
  assert.equal(client.ended, "end");
  assert.deepEqual(closed, [{ reason: "lagging" }]);
  const last = client.lastEventId!;
  const back = new MemoryClient(feed.subscribe(request({ lastEventId: last })));
  await back.settle();
  assert.deepEqual(gaps(back), [{ requested: last, resumedAt: ids[5], reason: "trimmed" }]);
  assert.deepEqual(back.data.slice(1), ["6", "7", "8"]);
  await feed.close();
});

test("policy skip: a client that falls off the history gets a gap in its stream and goes on", async () => {
  const feed = new Broadcaster({ history: { events: 3 }, lagPolicy: "skip" });
  const client = new MemoryClient(feed.subscribe(request()));
  await client.settle();
  const ids: string[] = [];
  for (let i = 0; i < 9; i++) {
    ids.push(await feed.publish(`${i}`));
    await new Promise((resolve) => setTimeout(resolve));
  }
  await client.settle();
  // Two were handed over before the client was known to have stalled.
  assert.deepEqual(client.data.filter((data) => /^\d$/.test(data)), ["0", "1", "6", "7", "8"]);
  assert.deepEqual(gaps(client), [{ requested: ids[1], resumedAt: ids[5], reason: "trimmed" }]);
  assert.equal(client.events[2]!.event, "gap");
  assert.equal(feed.stats().dropped, 4);
  await feed.close();
});

test("policy latest: a client that lags gets only the newest event of each key", async () => {
  const feed = new Broadcaster({ lagPolicy: "latest" });
  const client = new MemoryClient(feed.subscribe(request()));
  await client.settle();
  for (let i = 0; i < 100; i++) {
    feed.publish({ event: "price", data: i, key: i % 2 ? "odd" : "even" });
    if (i % 40 === 0) feed.publish(`keyless ${i}`);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await client.settle();
  assert.deepEqual(client.data, ["0", "keyless 0", "1", "keyless 40", "keyless 80", "98", "99"]);
  feed.publish({ event: "price", data: 100, key: "even" });
  feed.publish({ event: "price", data: 101, key: "even" });
  await client.settle();
  assert.deepEqual(client.data.slice(-2), ["100", "101"], "a client that keeps up gets all");
  await feed.close();
});

test("a client that takes nothing for the time allowed is cut off", async () => {
  const clock = turnedClock();
  const feed = new Broadcaster({ lagTimeout: 5_000, clock });
  const closed: CloseInfo[] = [];
  const client = new MemoryClient(feed.subscribe(request(), { onClose: (info) => closed.push(info) }));
  await client.settle();
  for (let i = 0; i < 3; i++) {
    feed.publish("x");
    await new Promise((resolve) => setTimeout(resolve));
  }
  clock.pass(5_000);
  assert.equal(feed.size, 1);
  clock.pass(1_000);
  assert.equal(feed.size, 0);
  assert.deepEqual(closed.map(({ reason }) => reason), ["lagging"]);
  assert.ok(
    closed[0]!.waiting!.events > 0 && closed[0]!.waiting!.bytes > 0,
    "the operator is told how much waited",
  );
  await client.settle();
  assert.equal(client.ended, "cut");
});

test("figures", async () => {
  const feed = new Broadcaster();
  const clients = [new MemoryClient(feed.subscribe(request())), new MemoryClient(feed.subscribe(request()))];
  for (const client of clients) await client.settle();
  feed.publish("12345");
  feed.publish({ data: "nobody", topic: "x" });
  for (const client of clients) await client.settle();
  const bytes = clients[0]!.chunks[1]!.byteLength;
  assert.deepEqual(feed.stats(), {
    clients: 2,
    lagging: 0,
    published: 2,
    delivered: 2,
    bytes: 2 * bytes,
    dropped: 0,
    refused: 0,
  });
  assert.equal(feed.size, 2);
  await clients[0]!.leave();
  assert.equal(feed.size, 1);
  await feed.close();
  assert.equal(feed.size, 0);
});

test("close delivers what was published, gives each client its own retry, and sends newcomers away", async () => {
  const clock = countingClock();
  const feed = new Broadcaster({ clock });
  const clients = Array.from({ length: 20 }, () => new MemoryClient(feed.subscribe(request())));
  for (const client of clients.slice(1)) await client.settle(); // the first has not read a byte
  feed.publish("the last word");
  const closing = feed.close({ retry: 1_000, within: 100 });
  assert.equal(feed.state, "closing");
  const newcomer = new MemoryClient(feed.subscribe(request(), { retry: 7 }));
  await newcomer.settle();
  assert.equal(newcomer.ended, "end");
  assert.match(new TextDecoder().decode(newcomer.chunks[0]), /retry: 1000\n/);
  const start = Date.now();
  while (clients.some(({ ended }) => ended === "no") && Date.now() - start < 5_000) {
    for (const client of clients) await client.settle();
  }
  await closing;
  const retries = clients.map((client) => {
    assert.equal(client.ended, "end");
    assert.deepEqual(client.data, ["the last word"]);
    return Number(/retry: (\d+)\n\n$/.exec(new TextDecoder().decode(client.chunks.at(-1)))![1]);
  });
  assert.ok(retries.every((retry) => retry >= 1_000 && retry <= 1_500));
  assert.ok(new Set(retries).size > 10, "all told the same");
  assert.throws(() => feed.publish("x"), (error) => error instanceof TidingsError && error.code === "closed");
  assert.equal(clock.pending(), 0);
});

test("close cuts a client off that does not take the rest", async () => {
  const feed = new Broadcaster();
  const client = new MemoryClient(feed.subscribe(request()));
  feed.publish("never read");
  await feed.close();
  await client.settle();
  assert.equal(client.ended, "cut");
});

test("await using closes", async () => {
  let outer: Broadcaster;
  {
    const feed = outer = new Broadcaster();
    await feed[Symbol.asyncDispose]();
  }
  assert.equal(outer.state, "closed");
  await outer.closed;
});

test("neither a HEAD request nor one that was given up is subscribed", async () => {
  const clock = countingClock();
  const feed = new Broadcaster({ clock });
  const head = feed.subscribe(request({ method: "HEAD" }));
  assert.equal(head.headers.get("content-type"), "text/event-stream");
  assert.equal(head.body, null);
  assert.equal(await feed.subscribe(request({ signal: AbortSignal.abort() })).text(), "");
  assert.equal(await feed.subscribe(request(), { signal: AbortSignal.abort() }).text(), "");
  assert.equal(feed.size, 0);
  assert.equal(clock.pending(), 0);
});

test("what cannot be published is refused by name and costs no id", async () => {
  const feed = new Broadcaster({ history: { bytes: 1_000 } });
  const refused = (event: unknown, message: RegExp) =>
    assert.throws(
      () => feed.publish(event as string),
      (error) =>
        error instanceof TidingsError && error.code === "invalid-event" && message.test(error.message),
    );
  const before = await feed.publish("x");
  refused({ data: 1, id: "" }, /"id" must be a string that is not empty/);
  refused({ data: 1, id: 7 }, /"id" must be a string that is not empty, received 7/);
  refused({ data: 1, id: before }, /"id" must not look like one that the log gives itself/);
  refused({ data: 1, id: "earliest" }, /"id" must be another one/);
  refused({ data: 1, id: "two\nlines" }, /"id" must not contain a line break/);
  refused({ data: 1, topic: [] }, /"topic" must be left out where there is none/);
  refused({ data: 1, topic: ["a", "*"] }, /"topic" must be a string, or a list of strings.*received "\*"/);
  refused({ data: 1, event: "gap" }, /must not be a name that tidings sends itself/);
  refused({ data: 1, event: "tidings-cursor" }, /must not be a name/);
  refused({ data: 1, topic: "" }, /"topic" must be a string, or a list of strings, that is not empty/);
  refused({ data: 1, topic: "*" }, /not "\*", which stands for all topics, received "\*"/);
  refused({ data: 1, topic: 5 }, /"topic"/);
  refused({ data: 1, key: 5 }, /"key" must be a string/);
  refused({ data: 1, event: "a\nb" }, /"event" must not contain a line break/);
  refused({ data: 1, retry: -1 }, /"retry"/);
  refused({}, /needs at least one of/);
  refused(undefined, /^An event must be a string, or an object such as/);
  refused({ data: "é".repeat(500) }, /more than the 1000 bytes of the option "maxEventBytes"/);
  const after = await feed.publish("y");
  assert.equal(Number(after.split("-")[1]), Number(before.split("-")[1]) + 1);
  await feed.close();
});

test("a wrong option is a TypeError that names it and what was received", () => {
  const wrong = (options: unknown, message: RegExp) =>
    assert.throws(
      () => new Broadcaster(options as object),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  wrong(
    { history: { events: 0 } },
    /"history.events" must be a whole number of events, at least 1, received 0/,
  );
  wrong({ history: { bytes: "1" } }, /"history.bytes" .* received "1"/);
  wrong({ history: { age: -1 } }, /"history.age" .* or Infinity, received -1/);
  wrong({ lagPolicy: "drop" }, /"lagPolicy" must be one of "disconnect", "skip", "latest", received "drop"/);
  wrong({ lagTimeout: NaN }, /"lagTimeout" .* received NaN/);
  const feed = new Broadcaster();
  const wrongSubscription = (options: unknown, message: RegExp) =>
    assert.throws(
      () => feed.subscribe(request(), options as object),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  wrongSubscription({ topics: "acme" }, /"topics" must be an array of strings, or "\*"/);
  wrongSubscription({ topics: [""] }, /"topics"/);
  wrongSubscription({ topics: ["*"] }, /"topics" must be the string "\*" alone for every topic/);
  wrongSubscription({ filter: 1 }, /"filter" must be a function, received 1/);
  wrongSubscription({ keepalive: 0 }, /"keepalive" .* received 0/);
  wrongSubscription({ headers: { "keep-alive": "5" } }, /"headers" must be without "keep-alive"/);
  wrongSubscription(
    { headers: { "content-type": "text/plain" } },
    /content-type other than "text\/event-stream"/,
  );
  assert.equal(feed.size, 0);
});

test("event maps are typed", () => {
  type Events = { price: { amount: number }; message: string; done: undefined };
  const feed = new Broadcaster<Events>();
  feed.publish("text");
  feed.publish({ data: "text" });
  feed.publish({ event: "price", data: { amount: 1 } });
  feed.publish({ event: "done" });
  // @ts-expect-error: no such event
  feed.publish({ event: "prize", data: { amount: 1 } });
  // @ts-expect-error: not its data
  feed.publish({ event: "price", data: "1" });
  // @ts-expect-error: not the message's data
  feed.publish({ data: 1 });
  const named = new Broadcaster<{ price: number }>();
  // @ts-expect-error: this map has no unnamed events
  named.publish("text");
});
