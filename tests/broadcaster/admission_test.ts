// Tests who is let in by a Broadcaster, and its figures, hooks and options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type CloseInfo } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";

const turn = () => new Promise((resolve) => setTimeout(resolve));

test("beyond the limit a client is told to come back, in a way that an EventSource follows", async () => {
  const feed = new Broadcaster({ limits: { clients: 2, retryAfter: 1_000 } });
  const clients = [new MemoryClient(feed.subscribe(request())), new MemoryClient(feed.subscribe(request()))];
  const refused = feed.subscribe(request(), { headers: { "x-own": "kept" } });
  assert.equal(refused.status, 200);
  assert.equal(refused.headers.get("content-type"), "text/event-stream");
  assert.equal(refused.headers.get("x-own"), "kept");
  const retry = Number(/^:\nretry: (\d+)\n\n$/.exec(await refused.text())![1]);
  assert.ok(retry >= 1_000 && retry <= 1_500, `${retry}`);
  assert.equal(feed.stats().refused, 1);
  assert.equal(feed.size, 2);
  await clients[0]!.leave();
  const third = new MemoryClient(feed.subscribe(request()));
  await third.settle();
  assert.equal(third.ended, "no");
  await third.leave();
  await clients[1]!.leave();
  await feed.close();
});

test("an owner has a limit of its own, and clients without one are not counted", async () => {
  const feed = new Broadcaster({ limits: { clientsPerOwner: 1, whenFull: "refuse", retryAfter: 2_000 } });
  const ann = feed.subscribe(request(), { owner: "ann" });
  const second = feed.subscribe(request(), { owner: "ann" });
  assert.equal(second.status, 429);
  assert.ok(["2", "3"].includes(second.headers.get("retry-after")!));
  assert.equal(second.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.match(await second.text(), /Too many streams/);
  const others = [
    feed.subscribe(request(), { owner: "bob" }),
    feed.subscribe(request()),
    feed.subscribe(request()),
  ];
  for (const { status } of others) assert.equal(status, 200);
  await ann.body!.cancel();
  assert.equal(feed.subscribe(request(), { owner: "ann" }).status, 200);
  await feed.close();
});

test("refused for good, where that is wished: 503", () => {
  const feed = new Broadcaster({ limits: { clients: 0, whenFull: "refuse" } });
  const response = feed.subscribe(request());
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get("retry-after")) >= 10);
});

test("a client that has been there for its lifetime is ended, and comes back with its id", async () => {
  const clock = turnedClock();
  const feed = new Broadcaster({ limits: { lifetime: 60_000 }, clock });
  const closed: CloseInfo[] = [];
  const client = new MemoryClient(feed.subscribe(request(), { onClose: (info) => closed.push(info) }));
  await client.settle();
  // A little earlier than that, by up to a tenth, so that clients do not come back together: here by a twentieth.
  clock.pass(56_999);
  assert.equal(feed.size, 1);
  clock.pass(1_001);
  assert.equal(feed.size, 0);
  await client.settle();
  assert.equal(client.ended, "end");
  assert.deepEqual(closed, [{ reason: "lifetime" }]);
  feed.publish("meanwhile");
  const back = new MemoryClient(feed.subscribe(request({ lastEventId: client.lastEventId })));
  await back.settle();
  assert.deepEqual(back.data, ["meanwhile"]);
  await back.leave();
  await feed.close();
});

test("a client for which too much waits is cut off, and only what concerns it counts", async () => {
  const closed: [CloseInfo, Request][] = [];
  const clock = turnedClock();
  const feed = new Broadcaster({ lagBytes: 1_000, clock, onClose: (...args) => closed.push(args) });
  const slow = request();
  const stalled = new MemoryClient(feed.subscribe(slow, { topics: ["a"] }));
  const quiet = new MemoryClient(feed.subscribe(request(), { topics: ["b"] }));
  await stalled.settle();
  await quiet.settle();
  for (const topic of ["b", "b", "b", "b"]) {
    feed.publish({ data: "keeps the quiet one from reading on", topic });
    await turn();
  }
  for (let i = 0; i < 10; i++) {
    feed.publish({ data: "x".repeat(200), topic: "a" });
    await turn();
  }
  assert.equal(feed.stats().lagging, 2);
  clock.pass(1_000);
  assert.equal(feed.size, 1, "the stalled client was cut off");
  const [[info, who]] = closed as [[CloseInfo, Request]];
  assert.equal(info.reason, "lagging");
  assert.ok(info.waiting!.bytes > 1_000 && info.waiting!.events >= 5, JSON.stringify(info));
  assert.equal(who, slow);
  await quiet.settle();
  assert.equal(quiet.data.length, 4);
  await quiet.leave();
  await feed.close();
});

test("clients() tells who is connected, and what waits for each in the history", async () => {
  const feed = new Broadcaster();
  assert.deepEqual(feed.clients(), []);
  const requests = [request(), request()];
  const [reading, stalled] = requests.map((asked) =>
    new MemoryClient(feed.subscribe(asked, { topics: ["a"] }))
  );
  await reading!.settle();
  await stalled!.settle();
  const waiting = () => feed.clients().map(({ waiting }) => waiting);
  for (const n of [1, 2, 3, 4]) {
    feed.publish({ topic: "a", data: `${n}${"x".repeat(100)}` });
    feed.publish({ topic: "b", data: "not for them" });
    await reading!.settle();
  }
  assert.deepEqual(feed.clients().map(({ request }) => requests.indexOf(request)), [0, 1]);
  const [none, some] = waiting();
  assert.deepEqual(none, { events: 0, bytes: 0 });
  assert.ok(some!.events >= 2 && some!.events <= 3, `${some!.events}`); // one or two were handed over before it stalled
  assert.ok(some!.bytes > some!.events * 100 && some!.bytes < some!.events * 160, `${some!.bytes}`);
  await stalled!.settle();
  assert.deepEqual(waiting(), [none, none]);
  await stalled!.leave();
  assert.equal(feed.clients().length, 1);
  await reading!.leave();
  await feed.close();
});

test("a flush window gathers what trickles in, and a newcomer is not kept waiting by it", async () => {
  const clock = turnedClock();
  const feed = new Broadcaster({ flushInterval: 100, clock });
  const client = new MemoryClient(feed.subscribe(request()));
  await client.settle();
  for (let i = 0; i < 5; i++) {
    feed.publish(`${i}`);
    clock.pass(i === 0 ? 0 : 20);
    await client.settle();
  }
  assert.deepEqual(client.data, []);
  clock.pass(20);
  await client.settle();
  assert.deepEqual(client.data, ["0", "1", "2", "3", "4"]);
  assert.equal(client.chunks.length, 2);
  // Whatever else closes a batch takes its timer away: the next batch has its whole time, and close() leaves none.
  feed.publish("early");
  clock.pass(90);
  feed.clients();
  feed.publish("next");
  clock.pass(90);
  await client.settle();
  assert.equal(client.data.at(-1), "early");
  await feed.close();
  assert.equal(clock.pending(), 0);
});

test("a hook that throws is reported and harms nobody", async () => {
  const printed: unknown[][] = [];
  const original = console.error;
  console.error = (...args: unknown[]) => printed.push(args);
  try {
    const feed = new Broadcaster({
      onClose: () => {
        throw new Error("mine");
      },
    });
    const client = new MemoryClient(feed.subscribe(request()));
    await client.leave();
    assert.equal(feed.size, 0);
    await feed.close();
  } finally {
    console.error = original;
  }
  assert.match(String(printed[0]![0]), /onClose threw/);
});

test("wrong limits are TypeErrors that name the option", () => {
  const wrong = (options: object, message: RegExp) =>
    assert.throws(
      () => new Broadcaster(options),
      (error) => error instanceof TypeError && message.test(error.message),
    );
  wrong({ limits: { clients: -1 } }, /"limits.clients" .* received -1/);
  wrong({ limits: { clientsPerOwner: 0 } }, /"limits.clientsPerOwner" .* received 0/);
  wrong({ limits: { lifetime: 0 } }, /"limits.lifetime"/);
  wrong({ limits: { whenFull: "wait" } }, /"limits.whenFull" must be "retry" or "refuse", received "wait"/);
  wrong({ limits: { retryAfter: 0.5 } }, /"limits.retryAfter"/);
  wrong({ lagBytes: 0 }, /"lagBytes"/);
  wrong({ flushInterval: -1 }, /"flushInterval"/);
  assert.throws(
    () => new Broadcaster().subscribe(request(), { owner: 5 as unknown as string }),
    /"owner" must be a string/,
  );
});
