// Tests what a reader says of what may happen to a JetStream stream and its server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Backplane, BackplaneEntry, BackplaneReader } from "../../lib/cluster/backplane.ts";
import {
  jetStream,
  type JetStreamClientLike,
  type JetStreamOptions,
  type MessagesLike,
} from "../../lib/nats/mod.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { keepCutting, Relay } from "../support/relay.ts";
import { sleep, until, within } from "../support/wait.ts";

let server: NatsServer;
before(async () => {
  if (!noNats) server = await NatsServer.start();
});
after(async () => {
  if (!noNats) await server.stop();
});

interface Log {
  readonly server: NatsServer;
  readonly own: NatsClient;
  readonly stream: string;
  readonly backplane: Backplane;
  append(count?: number): Promise<string[]>;
  open(): Promise<BackplaneReader>;
}

let streams = 0;

/** A test with a stream of its own, on a server of its own if it says so. */
function fault(
  what: string,
  { alone = false, port, ...options }: Partial<JetStreamOptions> & { alone?: boolean; port?: () => number },
  run: (log: Log) => Promise<void>,
): void {
  test(`JetStream: ${what}`, { skip: noNats, timeout: 60_000 }, async () => {
    const stream = `fault-${streams++}`;
    const place = alone ? await NatsServer.start() : server;
    const own = await place.connect(port && { port: port() });
    const backplane = jetStream(own.client, { stream, ...options });
    const readers: BackplaneReader[] = [];
    let messages = 0;
    try {
      await run({
        server: place,
        own,
        stream,
        backplane,
        async append(count = 1) {
          const ids: string[] = [];
          while (ids.length < count) {
            ids.push(
              await backplane.append({ messageId: `${stream}-${messages++}`, payload: `${ids.length}` }),
            );
          }
          return ids;
        },
        async open() {
          const reader = await backplane.open();
          readers.push(reader);
          return reader;
        },
      });
    } finally {
      for (const reader of readers) reader.close();
      await own.close();
      if (alone) await place.stop();
    }
  });
}

const idsOf = (entries: readonly BackplaneEntry[]): string[] => entries.map(({ id }) => id);

/** Tries again, with a reader of its own each time, until it succeeds: what a Broadcaster does. */
async function persist<T>(
  backplane: Backplane,
  run: (reader: BackplaneReader) => Promise<T>,
  patience = 15_000,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    let reader: BackplaneReader | undefined;
    try {
      reader = await backplane.open();
      return await run(reader);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(50);
    } finally {
      reader?.close();
    }
  }
}

fault("after a quiet time in which all aged away nobody is told of a gap", {
  maxAge: 300,
  duplicateWindow: 100,
}, async ({ own, stream, append, open }) => {
  const ids = await append(3);
  const reader = await open();
  assert.deepEqual(idsOf(await reader.range(ids[2]!, 10)), [ids[2]]);
  const manager = await own.manager();
  for (let left = 1; left > 0; left = (await manager.streams.info(stream)).state.messages) await sleep(50);
  // Also for a reader that was not there before.
  for (const each of [reader, await open()]) {
    const [first, ...more] = await each.range(ids[2]!, 10);
    assert.equal(first!.id, ids[2]);
    assert.deepEqual(more, []);
  }
  const [next] = await append();
  for (const each of [reader, await open()]) {
    assert.deepEqual(idsOf(await each.range(ids[2]!, 10)), [ids[2], next]);
    // Where one is missing, there is one.
    assert.deepEqual(idsOf(await each.range(ids[1]!, 10)), [next]);
  }
});

fault("what was trimmed while it was away is a gap, for a reader that stands still too", {
  maxEvents: 5,
}, async ({ append, open }) => {
  const [start] = await append();
  const [reader, idle] = [await open(), await open()];
  assert.deepEqual(idsOf(await reader.range(start!, 10)), [start]);
  await idle.range(start!, 10);
  const ids = [start!, ...await append(9)];
  assert.deepEqual(idsOf(await reader.range(start!, 10)), ids.slice(5));
  assert.deepEqual(idsOf(await idle.range(ids[3]!, 10)), ids.slice(5));
  // The last that was lost lies right before the oldest that is left.
  assert.deepEqual(idsOf(await idle.range(ids[4]!, 10)), ids.slice(4));
});

fault("trimmed faster than it is read, every loss shows", { maxEvents: 40 }, async (log) => {
  const [start] = await log.append();
  const reader = await log.open();
  let publishing = true;
  const published: string[] = [start!];
  const publisher = (async () => {
    for (let round = 0; round < 150; round++) published.push(...await log.append(20));
    publishing = false;
  })();
  let at = start!;
  const steps: [from: string, to: string][] = [];
  let gaps = 0;
  for (let reads = 1; publishing || at !== published.at(-1); reads++) {
    const [first, ...rest] = await reader.range(at, 15);
    if (first!.id !== at) {
      gaps++;
      at = first!.id;
    }
    for (const { id } of rest) {
      steps.push([at, id]);
      at = id;
    }
    if (reads % 5 > 0) continue;
    const seen = published.length;
    await until(() => !publishing || published.length > seen + 40, "more was published than is kept");
  }
  await publisher;
  const index = new Map(published.map((id, i) => [id, i]));
  for (const [from, to] of steps) assert.equal(index.get(to), index.get(from)! + 1, `${from} → ${to}`);
  assert.ok(gaps > 0, "nothing was trimmed before it was read");
});

fault("deleted and made anew, it is another log", {}, async ({ own, stream, backplane, append, open }) => {
  const ids = await append(4);
  const reader = await open();
  await reader.range(ids[3]!, 10);
  const manager = await own.manager();
  const waiting = assert.rejects(reader.wait(ids[3]!, 10), { code: "backplane-unavailable" });
  await sleep(100);
  await manager.streams.delete(stream);
  await waiting;
  reader.close();
  const again = await append(5);
  assert.ok(again.every((id) => backplane.compare(id, ids[3]!) > 0));
  assert.deepEqual(idsOf(await (await open()).range(ids[3]!, 10)), again);
});

fault(
  "made anew while nobody looked, an acknowledged id is the new log's",
  {},
  async ({ own, stream, ...log }) => {
    await log.append(3);
    const manager = await own.manager();
    const { config } = await manager.streams.info(stream);
    await manager.streams.delete(stream);
    await manager.streams.add({ name: stream, subjects: config.subjects });
    const [id] = await log.append();
    assert.deepEqual(idsOf(await (await log.open()).before(undefined, 10)), [id]);
  },
);

for (const storage of ["file", "memory"] as const) {
  fault(`set back to an earlier state, and grown again, it tells that its end was lost (${storage})`, {
    alone: true,
    storage,
  }, async ({ server, append, backplane, open }) => {
    const kept = await append(5);
    await server.kill();
    server.saveStore();
    await server.run();
    const lost = await persist(backplane, () => append(4));
    const reader = await open();
    await persist(backplane, (reader) => reader.range(lost[3]!, 10));
    await server.kill();
    server.restoreStore();
    await server.run();
    // As many again, so that every sequence that was lost is there once more.
    const later = await persist(backplane, () => append(6));
    for (const id of lost) {
      const [first] = await persist(backplane, (reader) => reader.range(id, 10));
      assert.notEqual(first!.id, id, "a message that is lost was taken for another");
    }
    if (storage === "file") {
      const found = await persist(backplane, (reader) => reader.range(kept[4]!, 20));
      assert.deepEqual(idsOf(found), [kept[4], ...later]);
    }
    reader.close();
  });
}

fault("killed while it is written to, it keeps all that it acknowledged, once and in order", {
  alone: true,
}, async ({ server, backplane, append }) => {
  const [start] = await append();
  const acknowledged: string[] = [];
  let publishing = true;
  const publisher = (async () => {
    for (let i = 0; i < 600; i++) {
      const message = { messageId: `killed-${i}`, payload: `${i}` };
      acknowledged.push(await persist(backplane, () => backplane.append(message)));
    }
    publishing = false;
  })();
  for (let kills = 0; kills < 2 && publishing; kills++) {
    await until(() => acknowledged.length > 150 * (kills + 1), "some are published");
    await server.kill();
    await server.run();
  }
  await publisher;
  const entries = await persist(backplane, (reader) => reader.range(start!, 1_000));
  assert.deepEqual(idsOf(entries).slice(1), acknowledged);
  assert.deepEqual(entries.slice(1).map(({ payload }) => payload), acknowledged.map((_, i) => `${i}`));
});

fault("frozen, calls fail in time; thawed, all goes on and nothing is lost", {
  alone: true,
}, async ({ server, append, backplane, open }) => {
  const ids = await append(2);
  const reader = await open();
  await reader.range(ids[1]!, 10);
  await server.freeze();
  try {
    const refused = { code: "backplane-unavailable" };
    await Promise.all([
      assert.rejects(within(reader.wait(ids[1]!, 10), "the wait fails", 5_000), refused),
      assert.rejects(
        within(backplane.append({ messageId: "frozen", payload: "" }), "it fails", 5_000),
        refused,
      ),
    ]);
  } finally {
    server.thaw();
  }
  reader.close();
  // The copy that was given up did land, or the second does.
  const id = await persist(backplane, () => backplane.append({ messageId: "frozen", payload: "" }));
  const entries = await persist(backplane, (reader) => reader.range(ids[0]!, 10));
  assert.deepEqual(idsOf(entries), [...ids, id]);
});

fault(
  "what a consumer hears of late is in a range that was asked for after it was acknowledged",
  {},
  async (log) => {
    const { client } = log.own;
    const late: JetStreamClientLike = {
      publish: (subject, payload, options) => client.publish(subject, payload, options),
      jetstreamManager: (checkAPI) => client.jetstreamManager(checkAPI),
      consumers: {
        getConsumerFromInfo(info) {
          const consumer = client.consumers.getConsumerFromInfo(info as never);
          return { fetch: async (options) => hearingLate(await consumer.fetch(options)) };
        },
      },
    };
    const [place] = await log.append();
    const reader = await jetStream(late, { stream: log.stream }).open();
    try {
      await reader.range(place!, 10);
      const ids = await log.append(4);
      await reader.wait(place!, 10);
      assert.deepEqual((await reader.range(place!, 10)).map(({ id }) => id), [place, ...ids]);
    } finally {
      reader.close();
    }
  },
);

/** The same messages, each of which says that one fewer is behind it, as a server does that has not counted the last yet. */
function hearingLate(messages: MessagesLike): MessagesLike {
  return {
    close: () => messages.close(),
    async *[Symbol.asyncIterator]() {
      for await (const { subject, time, headers, info, data } of messages) {
        const { streamSequence, deliverySequence, pending } = info;
        yield {
          subject,
          time,
          headers,
          data,
          info: { streamSequence, deliverySequence, pending: Math.max(0, pending - 1) },
        };
      }
    },
  };
}

test("JetStream: connections that break all the time lose nothing and double nothing", {
  skip: noNats,
  timeout: 60_000,
}, async () => {
  const relay = await Relay.start(server.port);
  const [near, far] = [await server.connect(), await server.connect({ port: relay.port })];
  const stream = `fault-${streams++}`;
  const [publisher, backplane] = [near, far].map(({ client }) => jetStream(client, { stream }));
  const [place] = await persist(backplane!, (reader) => reader.before(undefined, 1));
  const received: string[] = [];
  const stopCutting = keepCutting([relay], () => received.length);
  try {
    const published: string[] = [];
    const publishing = (async () => {
      for (let i = 0; i < 1_000; i++) {
        published.push(await publisher!.append({ messageId: `broken-${i}`, payload: `${i}` }));
        await sleep(2);
      }
    })();
    let at = place!.id;
    await persist(backplane!, async (reader) => {
      for (;;) {
        const [first, ...rest] = await reader.range(at, 50);
        assert.equal(first!.id, at);
        received.push(...idsOf(rest));
        at = rest.at(-1)?.id ?? at;
        if (received.length >= 1_000) return;
        await reader.wait(at, 10);
      }
    }, 40_000);
    await publishing;
    assert.deepEqual(received, published);
  } finally {
    stopCutting();
    await Promise.all([near.close(), far.close()]);
    await relay.close();
  }
});
