/** Tests what readers are told of events that the store has no more, and that nothing waits for a store that is closed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { ResumableStreams } from "../../lib/resumable/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { StreamStore } from "../../lib/store/store.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { until, within } from "../support/wait.ts";

const LARGE = "x".repeat(20_000);

/** The store in memory, with some methods replaced. */
function storeWith(change: (store: StreamStore) => Partial<StreamStore>): StreamStore {
  const store = memoryStore();
  const changed = change(store);
  return new Proxy(store, {
    get(_, name: keyof StreamStore) {
      const method = changed[name] ?? store[name];
      return typeof method === "function" ? (method as () => unknown).bind(store) : method;
    },
  });
}

/** A stream of 20 large events that has ended, and of which a reader has had the first ones; then another takes its id. */
async function replaced(streams: ResumableStreams, read: () => Promise<unknown>): Promise<void> {
  const job = await streams.open("id");
  for (let n = 1; n <= 20; n++) await job.append(`${n} ${LARGE}`);
  await read();
  await job.end();
  await streams.open("id");
}

const told = (seen: readonly string[]) =>
  seen.map((each) => each.replace(/^(message \d+ ).*/, "$1").slice(0, 200));

test("a reader whose stream was replaced is told what it misses, and then the end", async () => {
  const streams = new ResumableStreams();
  let client: MemoryClient;
  await replaced(streams, async () => {
    client = new MemoryClient(await streams.subscribe(request(), "id"));
    // One chunk, and no more.
    await client.read();
    await client.read();
  });
  await client!.until(() => client.ended !== "no", "the end");
  const seen = told(client!.events.map(({ event, data }) => `${event ?? "message"} ${data}`));
  const gap = seen.findIndex((each) => each.startsWith("gap "));
  assert.ok(gap > 0 && gap < 20, seen.join(", "));
  assert.deepEqual(seen.slice(0, gap), Array.from({ length: gap }, (_, i) => `message ${i + 1} `));
  assert.match(seen[gap]!, new RegExp(`"requested":"[^"]+-${gap}","resumedAt":"[^"]+-20","reason":"lost"`));
  assert.deepEqual(seen.slice(gap + 1), ['end {"state":"complete","events":20}']);
  await streams.close();
});

test("read() tells the same", async () => {
  const streams = new ResumableStreams();
  const seen: string[] = [];
  let events: AsyncGenerator<{ event: string; data: string }, void>;
  await replaced(streams, async () => {
    events = streams.read("id");
    const first = await events.next();
    seen.push(`${first.value!.event} ${first.value!.data}`);
  });
  for await (const { event, data } of events!) seen.push(`${event} ${data}`);
  const short = told(seen);
  const gap = short.findIndex((each) => each.startsWith("gap "));
  assert.ok(gap > 0 && gap < 20, short.join(", "));
  assert.match(short[gap]!, new RegExp(`-${gap}","resumedAt":"[^"]+-20","reason":"lost"`));
  assert.deepEqual(short.slice(gap + 1), ['end {"state":"complete","events":20}']);
  await streams.close();
});

test("events that are gone before anybody here could read them are a gap, and no reader spins", async () => {
  let isDeaf = false;
  let reads = 0;
  const store = storeWith((real) => ({
    // An engine that lets events age: its head knows of them, and it has them no more.
    read: async (id, after, bytes) => {
      reads++;
      const page = await real.read(id, after, bytes);
      return page && isDeaf ? { ...page, records: page.records.filter(({ seq }) => seq > 5) } : page;
    },
    watch: (id, watcher) =>
      real.watch(id, {
        appended: (...args) => isDeaf ? watcher.changed() : watcher.appended(...args),
        changed: () => watcher.changed(),
      }),
  }));
  const streams = new ResumableStreams({ store });
  const job = await streams.open("id");
  const client = new MemoryClient(await streams.subscribe(request(), "id"));
  await client.settle();
  for (let n = 1; n <= 3; n++) await job.append(`${n}`);
  await client.until(() => client.events.length === 3, "what is there");
  isDeaf = true;
  await Promise.all([job.append("4"), job.append("5")]);
  await client.until(() => client.events.length === 4, "the gap");
  await job.append("6");
  await job.end();
  await client.until(() => client.ended !== "no", "the end");
  assert.deepEqual(client.events.map(({ event, data }) => event === "gap" ? "gap" : data), [
    "1",
    "2",
    "3",
    "gap",
    "6",
    '{"state":"complete","events":6}',
  ]);
  assert.ok(reads < 50, `${reads} readings`);
  await streams.close();
});

for (const how of ["close()", "its signal"]) {
  test(`read() ends by ${how} while the store hangs`, async () => {
    let hangs = false;
    const store = storeWith((real) => ({
      read: (...args) => hangs ? new Promise(() => {}) : real.read(...args),
    }));
    const streams = new ResumableStreams({ store, onError: () => {} });
    const job = await streams.open("id");
    for (let n = 1; n <= 20; n++) await job.append(`${n} ${LARGE}`);
    const leaving = new AbortController();
    let seen = 0;
    const reading = (async () => {
      for await (const _ of streams.read("id", { signal: leaving.signal })) {
        seen++;
        hangs = true;
      }
    })();
    await until(() => hangs && seen >= 3, "it has read a page, and wants more");
    if (how === "close()") await streams.close();
    else leaving.abort();
    await within(reading, "the reading ends");
    await streams.close();
  });
}
