/** Tests several broadcasters over one shared log, as several processes would be. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackplaneMessage, BackplaneReader } from "../../lib/cluster/backplane.ts";
import { Broadcaster, type BroadcasterOptions, type Gap, TidingsError } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { MemoryLog } from "../support/memory_backplane.ts";
import { deferred, sleep, until } from "../support/wait.ts";

const gaps = (client: MemoryClient): Gap[] =>
  client.events.filter(({ event }) => event === "gap").map(({ data }) => JSON.parse(data));
const messages = (client: MemoryClient): string[] =>
  client.events.filter(({ event }) => event === undefined).map(({ data }) => data);

/** A node of the cluster, and what it told its operator. */
function node(log: MemoryLog, options: BroadcasterOptions = {}) {
  const errors: TidingsError[] = [];
  const feed = new Broadcaster({
    backplane: log.backplane(),
    onError: (error) => errors.push(error),
    ...options,
  });
  return { feed, errors };
}

function connect(feed: Broadcaster, lastEventId?: string, topics: string[] | "*" = "*"): MemoryClient {
  return new MemoryClient(feed.subscribe(request({ lastEventId }), { topics }));
}

const numbersFrom = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);

async function started(feed: Broadcaster): Promise<void> {
  await until(() => feed.health().ok, "the node is ready");
}

test("what one node publishes reaches the clients of all, in one order, with the engine's ids", async () => {
  const log = new MemoryLog();
  const [a, b] = [node(log), node(log)];
  await Promise.all([started(a.feed), started(b.feed)]);
  const clients = [connect(a.feed), connect(b.feed)];
  for (const client of clients) await client.settle();
  const sent = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? a : b).feed.publish({ data: { i } }));
  const ids = await Promise.all(sent);
  assert.deepEqual(ids, log.entries.filter(({ payload }) => payload !== undefined).map(({ id }) => id));
  for (const client of clients) {
    await client.until(() => client.events.length === 20, "all 20 events");
    assert.deepEqual(client.events.map(({ id }) => id), [...ids].sort((x, y) => Number(x) - Number(y)));
    assert.deepEqual(new Set(client.data), new Set(ids.map((_, i) => JSON.stringify({ i }))));
  }
  for (const { feed, errors } of [a, b]) {
    await feed.close();
    assert.deepEqual(errors, []);
  }
  assert.equal(log.readers, 0, "no reader is left behind");
});

test("data arrives as it would from a broadcaster that stands alone, and filters see what was published", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  const alone = new Broadcaster();
  await started(feed);
  const inputs = [
    "text",
    { data: "two\nlines" },
    { data: new Date(0) },
    { data: 0 },
    { data: null },
    { data: { deep: [1, { é: "ü" }] } },
    { event: "named" },
    { event: "named", data: "", retry: 5, topic: "t", key: "k" },
  ];
  const seen: unknown[] = [];
  const client = new MemoryClient(feed.subscribe(request(), {
    topics: "*",
    filter: (event) => seen.push(event) > 0,
  }));
  const model = new MemoryClient(alone.subscribe(request(), { topics: "*" }));
  await client.settle();
  await model.settle();
  for (const input of inputs) {
    await feed.publish(input);
    alone.publish(input);
  }
  await client.until(() => client.events.length === inputs.length, "all of them");
  await model.settle();
  assert.deepEqual(
    client.events.map(({ event, data }) => ({ event, data })),
    model.events.map(({ event, data }) => ({ event, data })),
  );
  assert.deepEqual((seen[5] as { data: unknown }).data, { deep: [1, { é: "ü" }] });
  await feed.close();
  await alone.close();
});

test("a client goes on where it was, on any node, also on one that has not read so far yet", async () => {
  const log = new MemoryLog();
  const [a, b] = [node(log), node(log)];
  await Promise.all([started(a.feed), started(b.feed)]);
  const first = connect(a.feed);
  await first.settle();
  const ids = await Promise.all(["1", "2", "3"].map((data) => a.feed.publish(data)));
  await first.until(() => first.events.length === 3, "three events");

  const elsewhere = connect(b.feed, ids[0]);
  await elsewhere.until(() => elsewhere.events.length === 2, "what it had not seen");
  assert.deepEqual(elsewhere.data, ["2", "3"]);

  // Node b reads no more, and a goes ahead.
  log.freeze("range");
  const late = node(log);
  log.thaw();
  await started(late.feed);
  log.latency = 50;
  const ahead = await late.feed.publish("4");
  const hasty = connect(b.feed, ahead);
  await late.feed.publish("5");
  await hasty.until(() => hasty.events.length === 1, "what follows on its id");
  assert.deepEqual(hasty.events.map(({ data, event }) => event ?? data), ["5"]);
  for (const { feed } of [a, b, late]) await feed.close();
});

test("an id that the log never had is a gap, after the log was read to its end", async () => {
  const log = new MemoryLog();
  log.longestWait = 50;
  const { feed } = node(log);
  await started(feed);
  const tip = await feed.publish("1");
  await until(() => feed.stats().published === 1, "published");
  for (const [asked, reason] of [["999999", "unknown"], ["nonsense", "invalid"], ["", undefined]] as const) {
    const client = connect(feed, asked);
    await client.until(() => client.lastEventId !== asked || asked === "", "its place");
    if (reason === undefined) assert.deepEqual(gaps(client), []);
    else assert.deepEqual(gaps(client), [{ requested: asked, resumedAt: tip, reason }]);
  }
  await feed.close();
});

test("a node that starts knows what the log holds, and asks the engine once for a crowd", async () => {
  const log = new MemoryLog();
  const ids = Array.from({ length: 3_000 }, (_, i) => log.push(JSON.stringify({ data: `${i}` }), `m${i}`));
  const { feed } = node(log, { history: { events: 1_000 } });
  await started(feed);
  // All 3,000 entries are read, 500 at a time: what the node does not keep may have copies in what it does.
  assert.ok(log.calls.before <= 9, `${log.calls.before} readings to begin with`);
  log.calls.range = 0;
  // From all over the log, so most of them from before what the node keeps.
  const clients = Array.from({ length: 300 }, (_, i) => connect(feed, ids[(i * 7919) % 2_990]));
  for (const [i, client] of clients.entries()) {
    const from = (i * 7919) % 2_990;
    await client.until(() => client.events.length >= 2_999 - from, `all after ${from}`);
    assert.equal(client.data[0], `${from + 1}`);
    assert.deepEqual(client.events.map(({ id }) => id), ids.slice(from + 1));
  }
  assert.ok(log.calls.range <= 20, `${log.calls.range} readings for 300 clients`);
  await feed.close();
  assert.equal(log.readers, 0);
});

test("a client that was served from the archive is live afterwards, also where a page held nothing for it", async () => {
  const log = new MemoryLog();
  const entry = (data: string, topic: string) => log.push(JSON.stringify({ data, topic }));
  const from = entry("from", "t");
  for (let i = 0; i < 1_200; i++) entry("not for it", "u");
  const { feed } = node(log, { history: { events: 10 } });
  await started(feed);
  const clients = [connect(feed, from, ["t"]), connect(feed, from, ["t", "u"])];
  for (const client of clients) await client.settle();
  await clients[1]!.until(() => clients[1]!.events.length === 1_200, "all of them");
  for (const client of clients) await client.settle();
  await feed.publish({ data: "then", topic: "t" });
  for (const client of clients) {
    await client.until(() => client.data.at(-1) === "then", "what came then");
  }
  assert.deepEqual(clients[0]!.data, ["then"]);
  await feed.close();
});

test("an archive that was trimmed is a gap, and topics and filters hold in it", async () => {
  const log = new MemoryLog();
  const ids = Array.from(
    { length: 1_500 },
    (_, i) => log.push(JSON.stringify({ json: i, topic: i % 3 === 0 ? "t" : "u" })),
  );
  const { feed } = node(log, { history: { events: 10 } });
  await started(feed);
  log.trim(1_200);
  const client = connect(feed, ids[100], ["t"]);
  await client.until(() => client.data.at(-1) === "1497", "the last of its topic");
  assert.deepEqual(gaps(client), [{ requested: ids[100], resumedAt: ids[300], reason: "trimmed" }]);
  assert.deepEqual(client.data.slice(1), Array.from({ length: 400 }, (_, i) => `${300 + i * 3}`));
  await feed.close();
});

test("trimmed faster than the node reads: everybody gets one gap that says so, and then what is there", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const client = connect(feed);
  const seen = await feed.publish("seen");
  await client.until(() => client.events.length === 1, "the first");
  log.freeze("range");
  for (let i = 0; i < 5; i++) log.push(JSON.stringify({ data: `${i}` }));
  log.trim(2);
  log.thaw();
  await client.until(() => client.data.at(-1) === "4", "the last");
  const to = log.entries[0]!.id;
  assert.deepEqual(gaps(client), [{ requested: seen, resumedAt: to, reason: "trimmed" }]);
  assert.deepEqual(messages(client), ["seen", "3", "4"]);
  // Whoever comes from before it is told as well, and whoever comes from after it is not.
  const before = connect(feed, seen);
  await before.until(() => before.data.at(-1) === "4", "the last");
  assert.equal(gaps(before).length, 1);
  const after = connect(feed, to);
  await after.until(() => after.data.at(-1) === "4", "the last");
  assert.equal(gaps(after).length, 0);
  await feed.close();
});

test("a log that is wiped is one gap for each client, and then goes on", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const clients = [connect(feed), connect(feed)];
  await feed.publish("old");
  for (const client of clients) await client.until(() => client.events.length === 1, "the first");
  log.wipe();
  for (const client of clients) await client.until(() => gaps(client).length === 1, "a gap");
  await feed.publish("new");
  for (const client of clients) {
    await client.until(() => client.data.at(-1) === "new", "the new one");
    assert.deepEqual(messages(client), ["old", "new"]);
    assert.equal(gaps(client).length, 1);
  }
  await feed.close();
});

test("a log that lost its end is a gap, and the events that take its place arrive", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const client = connect(feed);
  const ids = await Promise.all(["1", "2", "3"].map((data) => feed.publish(data)));
  await client.until(() => client.events.length === 3, "three");
  log.loseTail(2);
  // A clock that is behind: the new events' ids are not after the lost ones'.
  log.next = Number(ids[1]);
  const again = await feed.publish("2 again");
  assert.equal(again, ids[1]);
  await client.until(() => client.data.includes("2 again"), "the new one");
  await client.until(() => gaps(client).length === 2, "what the log says of it, to all nodes");
  const said = log.entries.at(-1)!;
  assert.equal(said.payload, JSON.stringify({ lost: again }));
  assert.deepEqual(gaps(client), [
    { requested: ids[2], resumedAt: again, reason: "lost" },
    { requested: again, resumedAt: said.id, reason: "lost" },
  ]);
  const told = connect(feed, client.lastEventId);
  await told.settle();
  assert.deepEqual(told.data, []);
  await feed.close();
});

test("a client that stands at the new end of a log that lost its end waits until the node has noticed", async () => {
  const log = new MemoryLog();
  log.longestWait = 500;
  const { feed } = node(log, { history: { events: 2 } });
  await started(feed);
  const client = connect(feed);
  const ids = await Promise.all(["1", "2", "3", "4", "5", "6"].map((data) => feed.publish(data)));
  await client.until(() => client.events.length === 6, "six");
  // The node, which waits for what comes next, still holds the last two of them.
  log.entries.length = log.entries.findIndex(({ id }) => id === ids[1]) + 1;
  log.calls.range = 0;
  const other = connect(feed, ids[1]);
  await other.until(() => gaps(other).length === 1, "what the node says once it has noticed");
  await feed.publish("later");
  await other.until(() => other.data.at(-1) === "later", "what comes then");
  assert.deepEqual(messages(other), ["later"]);
  assert.ok(log.calls.range <= 20, `${log.calls.range} readings`);
  await feed.close();
  assert.equal(log.readers, 0);
});

test("a client whose replay ends while a loss is still in the open batch is told of it once, from its own place", async () => {
  const log = new MemoryLog();
  const ids = Array.from({ length: 10 }, (_, i) => log.push(JSON.stringify({ data: `${i}` })));
  const backplane = log.backplane();
  const readers: BackplaneReader[] = [];
  const open = backplane.open.bind(backplane);
  const archive = deferred();
  backplane.open = async () => {
    const reader = await open();
    readers.push(reader);
    // The first reader is the follower's. The second serves replays, and answers when it is told to.
    if (readers.length === 2) {
      const range = reader.range.bind(reader);
      reader.range = (...args) => archive.promise.then(() => range(...args));
    }
    return reader;
  };
  // A batch stays open until something else closes it.
  const { feed } = node(log, { backplane, history: { events: 2 }, flushInterval: 60_000 });
  await started(feed);
  const client = connect(feed, ids[1]);
  await client.until(() => readers.length === 2, "the replay has begun");
  log.loseTail(2);
  await until(() => log.entries.at(-1)!.payload!.startsWith('{"lost":'), "the node has noticed");
  archive.resolve();
  await client.until(() => client.data.length >= 6, "what the log still has");
  await feed.publish("then");
  // To look at the clients closes the batch.
  await client.until(() => feed.clients().length === 1 && client.data.at(-1) === "then", "what came then");
  assert.deepEqual(messages(client), ["2", "3", "4", "5", "6", "7", "then"]);
  // What the node itself noticed is for those who had read on to 9 and 10.
  assert.deepEqual(gaps(client), [{ requested: ids[7], resumedAt: log.entries[8]!.id, reason: "lost" }]);
  await feed.close();
});

/**
 * A log of the events 1 to 14, and a node that has read them and keeps the last three. `setBack` takes those after 6 from the
 * log, and gives their places to others, "new 1" and so on, whose ids are other ones: 7.5 is after the lost 7 and before 8.
 * The node does not hear of that before something else is appended, as one may that is slower than another.
 */
async function lateNode(log = new MemoryLog(), backplane = log.backplane()) {
  log.longestWait = 60_000;
  for (let i = 1; i <= 14; i++) log.push(JSON.stringify({ data: `${i}` }), `m${i}`);
  const { feed } = node(log, { backplane, history: { events: 3 } });
  await started(feed);
  await until(() => log.calls.wait === 1, "the node waits for what comes next");
  const setBack = (count: number) => {
    log.entries.length = 6;
    log.next = 7.5;
    for (let i = 1; i <= count; i++) {
      const payload = JSON.stringify({ data: `new ${i}` });
      log.entries.push({ id: `${log.next++}`, messageId: `n${i}`, payload });
    }
  };
  return { log, feed, setBack };
}

// One that lies where the node's own log is older, from which the engine is read; and two where it has another event.
for (const asked of ["7.5", "12.5", "13.5"]) {
  // Beyond where the node stands, up to it, and not as far.
  for (const count of [16, 8, 7, 5]) {
    if (Number(asked) > 6.5 + count) continue;
    test(`a client of a quicker node, at ${asked}, whose node has not noticed that the log was set back, is sent no event twice: ${count} new ones`, async () => {
      const { log, feed, setBack } = await lateNode();
      setBack(count);
      const client = connect(feed, asked);
      if (asked === "7.5") await client.until(() => client.data.length > 0, "what the engine has");
      else await client.settle();
      await feed.publish("end");
      await client.until(() => client.data.includes("end"), "the last");
      const seen = Number(asked) - 6.5;
      const rest = Array.from({ length: count - seen }, (_, i) => `new ${seen + 1 + i}`);
      assert.deepEqual(messages(client), [...rest, "end"]);
      // The node says in the log what it noticed, and nothing else is told to one that misses nothing.
      for (const { requested, resumedAt } of gaps(client)) {
        assert.equal(
          log.entries.find(({ id }) => id === resumedAt)?.payload,
          JSON.stringify({ lost: requested }),
        );
      }
      await feed.close();
    });
  }
}

test("what is being read for a replay when the node notices that the log was set back is read again", async () => {
  const log = new MemoryLog();
  const backplane = log.backplane();
  const open = backplane.open.bind(backplane);
  const [asked, answer] = [deferred(), deferred()];
  let readers = 0;
  backplane.open = async () => {
    const reader = await open();
    // The second reader is the archive's. It has its answer, and hands it on when it is told to.
    if (++readers === 2) {
      const range = reader.range.bind(reader);
      reader.range = async (...args) => {
        const entries = await range(...args);
        asked.resolve();
        await answer.promise;
        return entries;
      };
    }
    return reader;
  };
  const { feed, setBack } = await lateNode(log, backplane);
  const client = connect(feed, "3");
  void client.settle();
  await asked.promise;
  setBack(5);
  await feed.publish("then");
  await until(() => log.entries.at(-1)!.payload!.startsWith('{"lost":'), "the node has noticed");
  answer.resolve();
  await feed.publish("end");
  await client.until(() => client.data.includes("end"), "the last");
  assert.deepEqual(messages(client), [
    "4",
    "5",
    "6",
    ...numbersFrom(1, 5).map((n) => `new ${n}`),
    "then",
    "end",
  ]);
  // What the node says in the log is for those who had read what it lost.
  assert.deepEqual(gaps(client), [{ requested: "12.5", resumedAt: "13.5", reason: "lost" }]);
  await feed.close();
});

test("an id between two others that the log never had is a gap, after the log was read to its end, from the place before", async () => {
  const log = new MemoryLog();
  log.longestWait = 50;
  const { feed } = node(log);
  await started(feed);
  const ids = await Promise.all(["1", "2", "3"].map((data) => feed.publish(data)));
  const asked = `${Number(ids[1]) + 0.5}`;
  const client = connect(feed, asked);
  await client.until(() => client.data.includes("3"), "what follows");
  assert.deepEqual(gaps(client), [{ requested: asked, resumedAt: ids[1], reason: "unknown" }]);
  assert.deepEqual(messages(client), ["3"]);
  await feed.close();
});

test("an id that was given again to another event is a gap, and not that event", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const client = connect(feed);
  const id = await feed.publish("first");
  await client.until(() => client.events.length === 1, "the first");
  log.freeze("range");
  log.entries.pop();
  log.next = Number(id);
  log.push(JSON.stringify({ data: "another" }), "somebody else's");
  log.disconnect();
  log.thaw();
  await client.until(() => client.data.includes("another"), "the other one");
  assert.deepEqual(gaps(client)[0], { requested: id, resumedAt: id, reason: "lost" });
  await feed.close();
});

test("what was lost before its acknowledgement came is told, though later entries were read by then", async () => {
  for (const events of [1, 1_000]) {
    const log = new MemoryLog();
    log.longestWait = 100;
    const inner = log.backplane();
    let release!: () => void;
    const held = new Promise<void>((resolve) => release = resolve);
    const append = async (message: BackplaneMessage) => {
      const id = await inner.append(message);
      await held;
      return id;
    };
    const { feed } = node(log, { backplane: { ...inner, append }, history: { events } });
    await started(feed);
    const client = connect(feed);
    log.push(JSON.stringify({ data: "earlier" }));
    await client.until(() => client.data.length === 1, "the one before");
    log.freeze("range");
    const publishing = feed.publish("lost");
    await until(() => log.entries.some(({ payload }) => payload?.includes("lost")), "it landed");
    const lost = log.entries.pop()!.id;
    for (const data of ["later", "latest"]) log.push(JSON.stringify({ data }));
    log.thaw();
    await client.until(() => client.data.at(-1) === "latest", "the entries after it");
    release();
    assert.equal(await publishing, lost);
    await client.until(() => gaps(client).length === 1, "a gap");
    const { requested, resumedAt } = gaps(client)[0]!;
    assert.ok(Number(requested) < Number(lost) && Number(lost) <= Number(resumedAt), requested);
    await feed.close();
  }
});

test("a loss that was told excuses nobody from telling of an older one", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const client = connect(feed);
  const ids = ["1", "2", "3"].map((data) => log.push(JSON.stringify({ data })));
  const lost = (after: string) => log.push(JSON.stringify({ lost: after }));
  const told = [lost(ids[1]!), lost(ids[2]!), lost(ids[0]!)];
  await feed.publish("later");
  await client.until(() => client.data.at(-1) === "later", "what comes then");
  assert.deepEqual(gaps(client), [
    { requested: ids[1], resumedAt: told[0], reason: "lost" },
    { requested: ids[0], resumedAt: told[2], reason: "lost" },
  ]);
  await feed.close();
});

test("a node that had not read what the log lost is told by the one that published it", async () => {
  const log = new MemoryLog();
  const [a, b] = [node(log), node(log)];
  await Promise.all([started(a.feed), started(b.feed)]);
  const clients = [connect(a.feed), connect(b.feed)];
  const first = await a.feed.publish("first");
  for (const client of clients) await client.until(() => client.data.length === 1, "the first");
  // Acknowledged, and read by nobody: who stands at the first one sees nothing missing.
  log.freeze("range");
  await a.feed.publish("lost");
  log.entries.pop();
  log.thaw();
  for (const client of clients) await client.until(() => gaps(client).length === 1, "a gap");
  await b.feed.publish("later");
  for (const client of clients) {
    await client.until(() => client.data.at(-1) === "later", "what comes later");
    assert.deepEqual(messages(client), ["first", "later"]);
    assert.equal(gaps(client)[0]!.requested, first);
  }
  // Nobody was away, so nobody misses anything: nothing is told when an entry is merely read late.
  log.freeze("range");
  const sent = a.feed.publish("late");
  await sleep(50);
  log.thaw();
  await sent;
  for (const client of clients) {
    await client.until(() => client.data.at(-1) === "late", "what was read late");
    assert.equal(gaps(client).length, 1);
  }
  for (const { feed } of [a, b]) await feed.close();
});

test("readers that hang are replaced, and the probe says when", { timeout: 30_000 }, async () => {
  const log = new MemoryLog();
  const { feed, errors } = node(log);
  await started(feed);
  const client = connect(feed);
  await client.settle();
  log.wedge();
  log.push(JSON.stringify({ data: "after" }));
  await until(() => !feed.health().ok, "unhealthy", 10_000);
  await until(() => feed.health().ok, "healthy again", 10_000);
  await client.until(() => client.data[0] === "after", "what came meanwhile");
  assert.equal(errors.length, 1, "told once");
  assert.equal(errors[0]!.code, "backplane-lost");
  assert.match(errors[0]!.message, /Cannot read memory log, and keep trying: no answer within/);
  await feed.close();
  assert.equal(log.readers, 0);
});

test("a log that is down at first: clients are held open, and served as soon as it is there", async () => {
  const log = new MemoryLog();
  const old = log.push(JSON.stringify({ data: "old" }));
  log.push(JSON.stringify({ data: "newer" }));
  log.fail(new Error("connection refused"));
  const { feed, errors } = node(log);
  const [fresh, back] = [connect(feed), connect(feed, old)];
  await until(() => errors.length > 0, "told");
  await fresh.settle();
  assert.equal(fresh.ended, "no");
  assert.equal(feed.health().ok, false);
  const pending = feed.publish("published meanwhile");
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(errors.length, 1, errors.map(({ message }) => message).join("; "));
  log.mend();
  await pending;
  await back.until(() => back.data.at(-1) === "published meanwhile", "the new one");
  assert.deepEqual(back.data, ["newer", "published meanwhile"]);
  await fresh.until(() => fresh.lastEventId !== undefined, "its place");
  await feed.publish("then");
  await fresh.until(() => fresh.data.at(-1) === "then", "what came after that");
  assert.deepEqual(gaps(back), []);
  await feed.close();
});

test("an acknowledgement that was lost is tried again, and the copy is left out", async () => {
  const log = new MemoryLog();
  const { feed } = node(log);
  await started(feed);
  const client = connect(feed);
  await client.settle();
  log.loseAcks(1);
  const ids = await Promise.all(["a", "b", "c"].map((data) => feed.publish(data)));
  assert.equal(new Set(ids).size, 3);
  assert.equal(log.entries.filter(({ payload }) => payload !== undefined).length, 4, "one of them twice");
  await feed.publish("d");
  await client.until(() => client.data.at(-1) === "d", "the last");
  assert.deepEqual([...client.data].sort(), ["a", "b", "c", "d"]);
  await feed.close();
});

test("a copy is left out of what was there before, too; and one whose first was lost is none", async () => {
  const log = new MemoryLog();
  const from = log.push(JSON.stringify({ data: "from" }), "m0");
  log.push(JSON.stringify({ data: "1" }), "m1");
  log.push(JSON.stringify({ data: "1" }), "m1");
  for (let i = 2; i < 20; i++) log.push(JSON.stringify({ data: `${i}` }), `m${i}`);
  const { feed } = node(log, { history: { events: 5 } });
  await started(feed);
  const client = connect(feed, from);
  await client.until(() => client.data.at(-1) === "19", "the last");
  assert.deepEqual(client.data, Array.from({ length: 19 }, (_, i) => `${i + 1}`));
  // The last one is lost, and its publisher, who was not answered, tries again.
  log.loseTail(1);
  log.push(JSON.stringify({ data: "19" }), "m19");
  await client.until(() => client.events.length === 22, "a gap, the event, and what is told to all");
  assert.deepEqual(client.events.slice(-3).map(({ event, data }) => event ?? data), ["gap", "19", "gap"]);
  await feed.close();
});

/** A log in which each of the events 1 to 600 lies twice, as an engine that was frozen has them: first all, then all again. */
function doubledLog(): { log: MemoryLog; first: string[] } {
  const log = new MemoryLog();
  const push = (data: string) => log.push(JSON.stringify({ data }), `m${data}`);
  push("0");
  const first = numbersFrom(1, 600).map(push);
  numbersFrom(1, 600).forEach(push);
  return { log, first };
}

for (const [what, history] of [["replayed from the archive", 3], ["of its own log", 900]] as const) {
  test(`a client between an event and its copy, on a node that started later, is not sent the copy: ${what}`, async () => {
    const { log, first } = doubledLog();
    const { feed } = node(log, { history: { events: history } });
    await started(feed);
    await feed.publish("end");
    const client = connect(feed, first[399]);
    await client.until(() => client.data.includes("end"), "what is new");
    assert.deepEqual(messages(client), [...numbersFrom(401, 600), "end"]);
    assert.deepEqual(gaps(client), []);
    await feed.close();
  });
}

test("copies of what a node has read are left out of what it replays, whichever page they lie in", async () => {
  const log = new MemoryLog();
  const { feed } = node(log, { history: { events: 3 } });
  await started(feed);
  const push = (n: number) => log.push(JSON.stringify({ data: `${n}` }), `m${n}`);
  const ids = Array.from({ length: 600 }, (_, n) => push(n));
  for (let n = 0; n < 605; n++) push(n);
  const ahead = connect(feed, await feed.publish("end"));
  await feed.publish("then");
  await ahead.until(() => ahead.data.at(-1) === "then", "the node has read all");
  // From before all, from between an event and its copy, and from the last one before the copies.
  for (const from of [0, 300, 599]) {
    const client = connect(feed, ids[from]);
    await client.until(() => client.data.at(-1) === "then", "the last");
    assert.deepEqual(client.data, [...numbersFrom(from + 1, 604), "end", "then"]);
  }
  await feed.close();
});

test("what a wait brought was read when it began: what came since is neither lost nor unknown", async () => {
  const log = new MemoryLog();
  log.readsAhead = true;
  const other = log.backplane();
  let held = deferred();
  let hold = false;
  const { feed, errors } = node(log, {
    backplane: {
      ...other,
      async open() {
        const reader = await other.open();
        return {
          range: (from, limit) => reader.range(from, limit),
          before: (to, limit) => reader.before(to, limit),
          async wait(after, limit) {
            const entries = await reader.wait(after, limit);
            if (hold) await held.promise;
            return entries;
          },
          close: () => reader.close(),
        };
      },
    },
  });
  await started(feed);
  const client = connect(feed);
  await client.settle();
  for (let i = 0; i < 3; i++) {
    hold = true;
    log.push(JSON.stringify({ data: `theirs ${i}` }));
    await sleep(10);
    // Acknowledged while that is still on its way, in which it is not.
    const id = await feed.publish(`ours ${i}`);
    const late = connect(feed, id);
    await sleep(10);
    hold = false;
    held.resolve();
    held = deferred();
    await client.until(() => client.data.at(-1) === `ours ${i}`, "our own");
    await feed.publish(`then ${i}`);
    await late.until(() => late.data.length > 0, "what came after");
    assert.deepEqual(late.data, [`then ${i}`]);
    assert.deepEqual(gaps(late), []);
  }
  assert.deepEqual(gaps(client), []);
  assert.deepEqual(messages(client), [0, 1, 2].flatMap((i) => [`theirs ${i}`, `ours ${i}`, `then ${i}`]));
  assert.deepEqual(errors, []);
  await feed.close();
});

test("large entries are read a few at a time", async () => {
  const log = new MemoryLog();
  const limits: number[] = [];
  const payload = JSON.stringify({ data: "x".repeat(300_000) });
  const from = log.push(payload);
  for (let i = 0; i < 20; i++) log.push(payload);
  const backplane = log.backplane();
  const feed = new Broadcaster({
    history: { events: 2 },
    backplane: {
      ...backplane,
      async open() {
        const reader = await backplane.open();
        return {
          range: (from, limit) => (limits.push(limit), reader.range(from, limit)),
          before: (to, limit) => reader.before(to, limit),
          wait: (after, limit) => reader.wait(after, limit),
          close: () => reader.close(),
        };
      },
    },
  });
  await started(feed);
  const client = connect(feed, from);
  await client.until(() => client.events.length === 20, "all of them");
  assert.ok(Math.min(...limits) <= 4 && limits.filter((limit) => limit > 4).length <= 3, limits.join());
  await feed.close();
});

test("what cannot be published rejects and is told, whether or not it was awaited", async () => {
  const log = new MemoryLog();
  const { feed, errors } = node(log, { publishTimeout: 200, outbox: 3 });
  await started(feed);
  const failed = async (promise: Promise<string>, message: RegExp) =>
    await assert.rejects(
      promise,
      (error) =>
        error instanceof TidingsError && error.code === "publish-failed" && message.test(error.message),
    );
  log.fail(Object.assign(new Error("WRONGTYPE"), { permanent: true }), "append");
  await failed(feed.publish("1"), /An event was not published to memory log: it refused: WRONGTYPE/);
  assert.equal(errors.length, 1);
  log.fail(new Error("OOM"), "append");
  await failed(feed.publish("2"), /within the 200 ms .*the last attempt failed: OOM/);
  assert.equal(feed.health().ok, true, "nothing waits any more");
  assert.equal(feed.stats().published, 0, "what failed is not counted");
  log.mend();
  log.freeze("append");
  for (let i = 0; i < 3; i++) void feed.publish("nobody awaits this");
  assert.throws(() => feed.publish({ data: "x", event: "gap" }), TidingsError);
  await failed(feed.publish("4"), /3 events wait already, which is what the option "outbox" lets/);
  await until(() => errors.length === 6, "all were told");
  log.thaw();
  assert.ok(await feed.publish("and on it goes"));
  log.fail(new Error("OOM"), "append");
  // By and by the pauses are longer than the time of an event, which then is not sent at all.
  for (let i = 0; i < 6; i++) {
    await failed(feed.publish("late"), /within the 200 ms .*the last attempt failed: OOM/);
  }
  await feed.close();
});

test("a rolling deploy: clients of the node that closes go on elsewhere, nothing lost or doubled", async () => {
  const log = new MemoryLog();
  const [a, b] = [node(log), node(log)];
  await Promise.all([started(a.feed), started(b.feed)]);
  const clients = Array.from({ length: 20 }, () => connect(a.feed));
  for (const client of clients) await client.settle();
  let published = 0;
  const timer = setInterval(() => void b.feed.publish(`${published++}`), 3);
  await Promise.all([
    ...clients.map((client) => client.until(() => client.ended === "end", "its end")),
    a.feed.close({ within: 200 }),
  ]);
  const moved = clients.map((client) => connect(b.feed, client.lastEventId));
  await new Promise((resolve) => setTimeout(resolve, 100));
  clearInterval(timer);
  for (const [i, client] of moved.entries()) {
    await client.until(() => client.data.at(-1) === `${published - 1}`, "the last");
    assert.deepEqual(
      [...clients[i]!.data, ...client.data],
      Array.from({ length: published }, (_, n) => `${n}`),
    );
  }
  assert.throws(() => a.feed.publish("too late"), /closed/);
  await b.feed.close();
  assert.equal(log.readers, 0);
});

test("what others put into the log that is no event is told and left out", async () => {
  const log = new MemoryLog();
  const { feed, errors } = node(log);
  await started(feed);
  const client = connect(feed);
  await client.settle();
  for (const payload of ["not json", "[]", "3", '{"event":"gap","data":"x"}', '{"data":"fine"}']) {
    log.push(payload);
  }
  await client.until(() => client.data.length > 0, "the good one");
  assert.deepEqual(client.data, ["fine"]);
  assert.equal(errors.length, 4);
  assert.match(
    errors[0]!.message,
    /Entry \d+ of memory log is left out, since it is no event: Not JSON: "not json"/,
  );
  await feed.close();
});

test("a log that is trimmed while a node starts is read on", async () => {
  const log = new MemoryLog();
  for (let i = 0; i < 3; i++) log.push(JSON.stringify({ data: `${i}` }));
  const backplane = log.backplane();
  const feed = new Broadcaster({
    backplane: {
      ...backplane,
      async open() {
        const reader = await backplane.open();
        return {
          range: (from, limit) => reader.range(from, limit),
          before(to, limit) {
            if (to !== undefined) log.trim(0);
            return reader.before(to, limit);
          },
          wait: (after, limit) => reader.wait(after, limit),
          close: () => reader.close(),
        };
      },
    },
  });
  await started(feed);
  const client = connect(feed);
  await feed.publish("after");
  await client.until(() => client.data.includes("after"), "what came after");
  await feed.close();
});
