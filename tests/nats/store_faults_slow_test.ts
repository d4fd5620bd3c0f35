// Tests what the store in JetStream does when the server, its stream, a process or its connection fails.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type JetStreamClientLike, jetStreamStore, type StreamStore } from "../../lib/nats/mod.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { Relay } from "../support/relay.ts";
import { StoreReader } from "../support/store_reader.ts";
import { sleep, until, within } from "../support/wait.ts";

const LEASE = 30_000;
const SHORT = 400;
const KEEP = 60_000;

let server: NatsServer;
before(async () => {
  if (!noNats) server = await NatsServer.start();
});
after(async () => {
  if (!noNats) await server.stop();
});

/** What a test has: stores of several processes, and the operator's connection. */
class Place {
  readonly stream: string;
  readonly server: NatsServer;
  operator!: NatsClient;
  readonly #closings: (() => unknown)[] = [];

  constructor(server: NatsServer, stream: string) {
    this.server = server;
    this.stream = stream;
  }

  async open(
    options: { port?: number; pingInterval?: number; maxAge?: number } = {},
  ): Promise<{ store: StreamStore; client: NatsClient }> {
    const { port = this.server.port, pingInterval = 1_000, ...rest } = options;
    const client = await this.server.connect({ port, pingInterval });
    const store = jetStreamStore(client.client, { stream: this.stream, ...rest });
    this.#closings.push(() => store.close(), () => client.close());
    return { store, client };
  }

  async relay(): Promise<Relay> {
    const relay = await Relay.start(this.server.port);
    this.#closings.push(() => relay.close());
    return relay;
  }

  /** How many messages there are. */
  async messages(): Promise<number> {
    return (await (await this.operator.manager()).streams.info(this.stream)).state.messages;
  }

  async close(): Promise<void> {
    for (const close of this.#closings) await close();
  }
}

let places = 0;
function fault(what: string, run: (place: Place) => Promise<void>, own = false): void {
  test(`JetStream store: ${what}`, { skip: noNats, timeout: 60_000 }, async () => {
    const place = new Place(own ? await NatsServer.start() : server, `place-${places++}`);
    place.operator = await place.server.connect();
    try {
      await run(place);
    } finally {
      await place.close();
      await place.operator.close();
      if (own) await place.server.stop();
    }
  });
}

const frame = (text: string | number) => `data: ${text}\n\n`;

const begin = (store: StreamStore, id: string, token = "a:1", lease = LEASE, keep = KEEP) =>
  store.create(id, { epoch: `e${token}`, owner: token.split(":")[0]!, token, lease, keep });

const write = (
  store: StreamStore,
  id: string,
  first: number,
  texts: readonly (string | number)[],
  { token = "a:1", lease = LEASE, trim = 0 } = {},
) => store.append(id, { token, lease, keep: KEEP, first, frames: texts.map(frame), trim });

const claim = (store: StreamStore, id: string, token: string) =>
  store.claim(id, { owner: token.split(":")[0]!, token, lease: LEASE, keep: KEEP });

/** Again until it succeeds, as the caller of a store does. */
async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await within(run(), "an answer", 3_000);
    } catch (error) {
      if (attempt > 100 || (error as { permanent?: boolean }).permanent) throw error;
      await sleep(50);
    }
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => `${index + 1}`);

/** Appends events, two at a time, as long as something happens, and some before and after. Resolves with their number. */
async function produce(store: StreamStore, id: string, what: () => Promise<void>): Promise<number> {
  const some = 100;
  let next = 1;
  const append = async () => {
    const appended = await persist(() => write(store, id, next, [next, next + 1]));
    assert.equal(appended.written, true, `event ${next}`);
    next += 2;
  };
  await persist(() => begin(store, id));
  while (next < some) await append();
  let over = false;
  const happening = what().finally(() => over = true);
  while (!over) await append();
  await happening;
  for (const end = next + some; next < end;) await append();
  await persist(() => store.end(id, { state: "complete", token: "a:1", keep: KEEP }));
  return next - 1;
}

fault("the server is killed and started again in the middle: all arrive, once, in order", async (place) => {
  const [{ store }, far] = [await place.open(), await place.open()];
  const reader = new StoreReader(far.store, "killed");
  const count = await produce(store, "killed", async () => {
    for (let i = 0; i < 3; i++) {
      await place.server.kill();
      await place.server.run();
      await sleep(300);
    }
  });
  await until(() => reader.head?.state === "complete", "the end is read");
  assert.deepEqual(reader.frames, upTo(count).map(frame));
  reader.stop();
}, true);

fault("the server is frozen and thawed: all arrive, once, in order", async (place) => {
  const [{ store }, far] = [await place.open(), await place.open()];
  const reader = new StoreReader(far.store, "frozen");
  const count = await produce(store, "frozen", async () => {
    await place.server.freeze();
    await sleep(4_000);
    place.server.thaw();
  });
  await until(() => reader.head?.state === "complete", "the end is read");
  assert.deepEqual(reader.frames, upTo(count).map(frame));
  reader.stop();
}, true);

fault("connections that break all the time lose nothing and double nothing", async (place) => {
  const relay = await place.relay();
  const [near, far] = [await place.open({ port: relay.port }), await place.open({ port: relay.port })];
  const reader = new StoreReader(far.store, "broken");
  const count = await produce(near.store, "broken", async () => {
    for (let i = 0; i < 20; i++) {
      relay.cut();
      await sleep(150);
    }
  });
  await until(() => reader.head?.state === "complete", "the end is read");
  assert.deepEqual(reader.frames, upTo(count).map(frame));
  reader.stop();
});

fault("an owner that was cut off writes no more, and nobody hears what it tried", async (place) => {
  const relay = await place.relay();
  const [owner, other] = [await place.open({ port: relay.port }), await place.open()];
  const heard: string[] = [];
  const reader = new StoreReader(other.store, "cut");
  place.operator.connection.subscribe(`${place.stream}.f.>`, {
    callback: (_, message) => void heard.push(message.string()),
  });
  await begin(owner.store, "cut", "a:1", SHORT);
  await write(owner.store, "cut", 1, [1], { lease: SHORT });
  // What it sends now is on its way until somebody else has the stream.
  relay.hold();
  const late = write(owner.store, "cut", 2, ["zombie"], { lease: SHORT }).catch(() => undefined);
  await sleep(SHORT + 50);
  assert.equal((await claim(other.store, "cut", "b:1"))?.claims, 1);
  relay.release();
  const answer = await late;
  assert.ok(answer === undefined || !answer.written, "it was refused");
  assert.equal((await persist(() => write(owner.store, "cut", 2, ["zombie"]))).written, false);
  await write(other.store, "cut", 2, [2], { token: "b:1" });
  await write(other.store, "cut", 3, [3], { token: "b:1" });
  await until(() => reader.frames.length === 3, "three events");
  assert.deepEqual(reader.frames, upTo(3).map(frame));
  assert.ok(!heard.some((text) => text.includes("zombie")), "it was told");
  reader.stop();
});

fault("whose clock runs ahead claims nothing before its time", async (place) => {
  const { store } = await place.open();
  let ahead = 0;
  const client = await place.server.connect();
  const clock = {
    now: () => Date.now() + ahead,
    random: Math.random,
    setTimeout,
    clearTimeout: (timer: unknown) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  };
  const hasty = jetStreamStore(client.client, { stream: place.stream, clock });
  await begin(store, "hasty");
  await write(store, "hasty", 1, [1]);
  assert.equal((await hasty.read("hasty", 0, 100))!.records.length, 1);
  const messages = await place.messages();
  // By its clock the lease is over now, and the server has the last word.
  ahead = LEASE + 5_000;
  assert.equal(await claim(hasty, "hasty", "b:1"), undefined);
  assert.equal(await place.messages(), messages + 1, "it tried");
  assert.equal((await hasty.end("hasty", { state: "lost", overdue: true, keep: KEEP }))!.state, "running");
  assert.equal(await begin(hasty, "hasty", "c:1"), false);
  assert.equal((await write(store, "hasty", 2, [2])).written, true, "the owner goes on");
  const page = (await store.read("hasty", 0, 100))!;
  assert.deepEqual(page.records.map(({ frame }) => frame), [1, 2].map(frame));
  assert.equal(page.head.claims, 0);
  hasty.close();
  await client.close();
});

fault("a stream that is deleted is told to owners and readers", async (place) => {
  const [{ store }, far] = [await place.open(), await place.open()];
  const reader = new StoreReader(far.store, "deleted");
  await begin(store, "deleted", "a:1", SHORT);
  await write(store, "deleted", 1, [1], { lease: SHORT });
  await until(() => reader.frames.length === 1 && reader.head !== undefined, "an event");
  await (await place.operator.manager()).streams.delete(place.stream);
  assert.deepEqual(await write(store, "deleted", 2, [2], { lease: SHORT }), {
    written: false,
    head: undefined,
  });
  // Also by a read that was on its way before: a further one need not come.
  await until(() => reader.head === undefined, "the reader knows");
  assert.equal(await begin(store, "deleted", "b:1"), true);
  await write(store, "deleted", 1, ["new"], { token: "b:1" });
  assert.equal((await far.store.read("deleted", 0, 100))!.records.length, 1);
  reader.stop();
});

fault("a stream that is deleted while all write takes messages again", async (place) => {
  const stores = await Promise.all([0, 1, 2].map(async () => (await place.open()).store));
  const manager = await place.operator.manager();
  for (let round = 1; round <= 8; round++) {
    const token = `${round}:1`;
    for (const [index, store] of stores.entries()) {
      assert.equal(await begin(store, `${round}/${index}`, token), true, `round ${round}`);
    }
    // Without a pause, so that one of them finds it gone as early as can be.
    const writing = stores.map(async (store, index) => {
      const append = () => write(store, `${round}/${index}`, 1, [1], { token });
      while ((await persist(append)).written);
    });
    await manager.streams.delete(place.stream);
    await Promise.all(writing);
  }
});

fault("who wrote into a stream that was deleted does not write into its successor", async (place) => {
  const [{ store }, { store: other }] = [await place.open(), await place.open()];
  await begin(store, "again");
  await (await place.operator.manager()).streams.delete(place.stream);
  // As many messages of the same subject.
  assert.equal(await begin(other, "again", "b:1"), true);
  assert.equal((await write(store, "again", 1, ["zombie"])).written, false);
  assert.deepEqual((await other.read("again", 0, 100))!.records, []);
});

fault(
  "a stream that is taken in the successor of a stream is not made by who knows the former only",
  async (place) => {
    const [{ store }, { store: other }] = [await place.open(), await place.open()];
    await begin(store, "known");
    await (await place.operator.manager()).streams.delete(place.stream);
    assert.equal(await begin(other, "taken", "b:1"), true);
    assert.equal(await begin(store, "taken", "a:2"), false);
    assert.equal(await begin(store, "free", "a:3"), true);
    assert.equal((await other.read("free", 0, 100))!.head.epoch, "ea:3");
    await write(other, "taken", 1, [1], { token: "b:1" });
    assert.equal((await store.read("taken", 0, 100))!.records.length, 1);
  },
);

fault("a reader that dies is counted no more, without a word from it", async (place) => {
  const [{ store }, { store: far, client }] = [await place.open(), await place.open()];
  await begin(store, "dies");
  const reader = new StoreReader(far, "dies");
  await until(() => reader.changes > 0, "watching has begun");
  let readers = -1;
  const renew = async () => {
    const renewed = await write(store, "dies", 1, []);
    readers = renewed.written ? renewed.readers : -1;
  };
  // It goes on to be counted, though it says nothing unless it is asked.
  for (let i = 0; i < 5; i++) {
    await sleep(600);
    await renew();
    assert.equal(readers, 1);
  }
  assert.equal((await store.read("dies", Infinity, 1))!.head.readers, 1);
  await client.close();
  const since = Date.now();
  while (readers > 0) {
    await sleep(50);
    await renew();
  }
  assert.ok(Date.now() - since < 5_000, `after ${Date.now() - since} ms`);
});

fault("a reader whose reading failed is told to read again, though its connection held", async (place) => {
  const [{ store }, { store: far }] = [
    await place.open({ pingInterval: 60_000 }),
    await place.open({ pingInterval: 60_000 }),
  ];
  const reader = new StoreReader(far, "failed");
  await begin(store, "failed");
  await until(() => reader.head?.state === "running", "it is read");
  // A frozen server answers nothing, and breaks no connection.
  await place.server.freeze();
  await assert.rejects(far.read("failed", 0, 100), { code: "backplane-unavailable" });
  const { changes } = reader;
  await until(() => reader.changes > changes, "it was told to read");
  place.server.thaw();
  await store.end("failed", { state: "complete", token: "a:1", keep: KEEP });
  await until(() => reader.head?.state === "complete", "the end is read");
  reader.stop();
}, true);

fault("a claimed stream's readers are counted by its new owner", async (place) => {
  const [{ store }, { store: other }, { store: far }] = [
    await place.open(),
    await place.open(),
    await place.open(),
  ];
  const reader = new StoreReader(far, "moved");
  await begin(store, "moved", "a:1", SHORT);
  await until(() => reader.changes > 0, "watching has begun");
  await sleep(SHORT + 50);
  assert.notEqual(await claim(other, "moved", "b:1"), undefined);
  await until(() => reader.changes > 1, "the claim was told");
  for (let readers = 0; readers !== 1;) {
    const renewed = await write(other, "moved", 1, [], { token: "b:1" });
    readers = renewed.written ? renewed.readers : -1;
  }
  reader.stop();
});

fault("renewals leave one message at most, and what is over leaves none", async (place) => {
  const { store } = await place.open();
  await begin(store, "quiet", "a:1", LEASE, 1_000);
  for (let i = 0; i < 10; i++) await write(store, "quiet", 1, []);
  let messages = Infinity;
  for (; messages > 2; messages = await place.messages()) await sleep(5);
  await store.end("quiet", { state: "complete", token: "a:1", keep: 1_000 });
  await begin(store, "dead", "a:2", 500, 500);
  await sleep(1_050);
  for (; messages > 0; messages = await place.messages()) {
    // Whoever looks for those that are overdue takes out what a dead process left.
    assert.ok(!(await store.overdue()).includes("dead"));
    await sleep(50);
  }
  assert.equal(await store.read("quiet", 0, 100), undefined);
});

fault("without anybody who looks, all is gone after maxAge", async (place) => {
  const { store } = await place.open({ maxAge: 1_500 });
  await begin(store, "alone", "a:1", 500, 500);
  await store.append("alone", { token: "a:1", lease: 500, keep: 500, first: 1, frames: [frame(1)], trim: 0 });
  store.close();
  for (let messages = 2; messages > 0; messages = await place.messages()) await sleep(50);
});

fault("what a stream would forget before its time is refused", async (place) => {
  const { store } = await place.open({ maxAge: 10_000 });
  await assert.rejects(begin(store, "long"), {
    code: "backplane-refused",
    permanent: true,
    message:
      /forgets messages after 10000 ms, and lease and keep come to 90000 ms: set maxAge to more, and run: nats stream edit \S+ --max-age=90s/,
  });
  const manager = await place.operator.manager();
  await manager.streams.update(place.stream, { max_age: 100_000 * 1_000_000 });
  assert.equal(await begin(store, "long"), true);
});

fault("a stream that is not fit is refused, with the command that makes one", async (place) => {
  const { store } = await place.open();
  const manager = await place.operator.manager();
  const subjects = [`${place.stream}.w.*.*`];
  const republish = { src: subjects[0]!, dest: `${place.stream}.f.{{wildcard(1)}}.{{wildcard(2)}}` };
  const cases: [RegExp, object][] = [
    [/does not take the subject/, { subjects: [`${place.stream}.w.x.*`] }],
    [/does not republish/, { subjects }],
    [/has no max_age/, { subjects, republish }],
    [/keeps only 5 messages/, { subjects, republish, max_age: 1e12, max_msgs_per_subject: 5 }],
    [/denies deletes/, { subjects, republish, max_age: 1e12, deny_delete: true }],
    [/retention policy workqueue/, { subjects, retention: "workqueue" }],
  ];
  for (const [message, config] of cases) {
    await manager.streams.add({ ...config, name: place.stream });
    const refusal = { code: "backplane-refused", permanent: true, message };
    await assert.rejects(begin(store, "unfit"), refusal);
    await assert.rejects(store.read("unfit", 0, 1), {
      message: /run: nats stream add place-\d+ --subjects=/,
    });
    await manager.streams.delete(place.stream);
  }
  await manager.streams.add({ name: place.stream, subjects, republish, max_age: 1e12 });
  assert.equal(await begin(store, "fit"), true);
});

fault(
  "a batch larger than a message is split, and an event larger than one is refused for good",
  async (place) => {
    const { store } = await place.open();
    await begin(store, "large");
    const third = "x".repeat(400_000);
    assert.equal((await write(store, "large", 1, [third, third, third, third])).written, true);
    assert.equal(await place.messages(), 5);
    let after = 0;
    for (let records; (records = (await store.read("large", after, 500_000))!.records).length > 0;) {
      for (const { seq } of records) assert.equal(seq, ++after);
    }
    assert.equal(after, 4);
    await assert.rejects(write(store, "large", 5, ["x".repeat(1_048_576)]), {
      permanent: true,
      message: /max_payload/,
    });
  },
);

fault("any place of a long stream is found among those of others, with few questions", async (place) => {
  const { store } = await place.open();
  await begin(store, "long", "a:1");
  await begin(store, "other", "b:1");
  const count = 1_500;
  for (let seq = 1, other = 1; seq <= count;) {
    const size = Math.min(1 + seq % 3, count - seq + 1);
    await write(store, "long", seq, upTo(size).map((_, index) => seq + index));
    seq += size;
    // The other one is there in the first half only.
    if (seq < count / 2 && seq % 2 === 0) await write(store, "other", other++, ["x"], { token: "b:1" });
    if (seq % 100 === 0) await write(store, "long", seq, []);
  }
  for (const after of [0, 1, 63, 64, 65, 66, 200, 748, 1_000, 1_435, 1_498, 1_499, 1_500]) {
    const { records } = (await store.read("long", after, Infinity))!;
    assert.deepEqual(records.map(({ seq }) => seq), upTo(count).slice(after).map(Number));
    for (const each of records) assert.equal(each.frame, frame(each.seq));
  }
  // Trimming takes out what nobody reads any more.
  const before = await place.messages();
  await write(store, "long", count + 1, ["x"], { trim: 1_400 });
  for (let messages = before; messages > before - 500;) {
    messages = await place.messages();
    await sleep(10);
  }
  const { head, records } = (await store.read("long", 0, Infinity))!;
  assert.equal(head.first, 1_401);
  assert.deepEqual(records.map(({ seq }) => seq), upTo(count + 1).slice(1_400).map(Number));
});

fault("the head says what has aged away", async (place) => {
  const { store } = await place.open();
  await begin(store, "aged");
  for (let seq = 1; seq <= 300; seq++) await write(store, "aged", seq, [seq]);
  const manager = await place.operator.manager();
  const { state } = await manager.streams.info(place.stream);
  await manager.streams.purge(place.stream, { seq: state.first_seq + 101 });
  for (const after of [0, 50, 100]) {
    const { head, records } = (await store.read("aged", after, Infinity))!;
    assert.equal(records[0]!.seq, 101);
    assert.equal(head.first, 101, `after ${after}`);
  }
  assert.equal((await store.read("aged", 250, Infinity))!.records[0]!.seq, 251);
});

/** The same client, whose streams have three replicas as far as they say. */
function replicated(client: JetStreamClientLike): JetStreamClientLike {
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== "jetstreamManager") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: [boolean]) => {
        const manager = await target.jetstreamManager(...args);
        const streams = Object.create(manager.streams);
        streams.info = async (stream: string) => {
          const info = await manager.streams.info(stream);
          return { ...info, config: { ...info.config, num_replicas: 3 } };
        };
        return new Proxy(manager, {
          get: (real, key) => key === "streams" ? streams : Reflect.get(real, key),
        });
      };
    },
  });
}

fault("replicas are refused on servers that let two write at once", async (place) => {
  const { store, client } = await place.open();
  await begin(store, "made");
  const more = jetStreamStore(replicated(client.client), { stream: place.stream });
  const [major = 0, minor = 0] = client.connection.info!.version.split(".").map(Number);
  if (major > 2 || minor >= 11) assert.notEqual(await more.read("made", 0, 1), undefined);
  else {
    await assert.rejects(more.read("made", 0, 1), {
      permanent: true,
      message:
        /has 3 replicas, and NATS 2\.\d+\.\d+ does not .* use server 2\.11 or later, or set replicas to 1/,
    });
  }
  more.close();
});

test(
  "JetStream store: the rights that are documented are enough",
  { skip: noNats, timeout: 60_000 },
  async () => {
    const stream = "rights";
    const api = [
      `STREAM.INFO.${stream}`,
      `STREAM.CREATE.${stream}`,
      `STREAM.MSG.GET.${stream}`,
      `STREAM.MSG.DELETE.${stream}`,
      `STREAM.PURGE.${stream}`,
      `CONSUMER.CREATE.${stream}.>`,
      `CONSUMER.MSG.NEXT.${stream}.*`,
      `CONSUMER.DELETE.${stream}.*`,
    ];
    const publish = [`${stream}.>`, ...api.map((each) => `$JS.API.${each}`)].map((each) => `"${each}"`);
    const strict = await NatsServer.start({
      configuration: `authorization { users: [
      { user: store, password: secret,
        permissions: { publish: [${publish}], subscribe: ["${stream}.>", "_INBOX.>"] } }
      { user: operator, password: secret }
    ] }`,
    });
    const client = await strict.connect({ user: "store", pass: "secret" });
    const operator = await strict.connect({ user: "operator", pass: "secret" });
    try {
      const store = jetStreamStore(client.client, { stream });
      const reader = new StoreReader(store, "x");
      const told: string[] = [];
      const stop = store.own("a", (id) => void told.push(id));
      await begin(store, "x", "a:1", LEASE, 1_000);
      for (let seq = 1; seq <= 200; seq++) await write(store, "x", seq, [seq]);
      await write(store, "x", 201, [], { trim: 100 });
      await write(store, "x", 201, []);
      assert.equal((await store.read("x", 110, Infinity))!.records.length, 90);
      assert.deepEqual(await store.overdue(), []);
      await store.end("x", { state: "stopped", keep: 1_000 });
      await until(() => reader.head?.state === "stopped" && told.length === 1, "the end was told");
      assert.deepEqual(reader.frames, upTo(200).map(frame));
      const manager = await operator.manager();
      for (let left = 1; left > 0; await sleep(50)) {
        const { state } = await manager.streams.info(stream);
        left = state.messages + state.consumer_count;
      }
      reader.stop();
      stop();
      store.close();
    } finally {
      await client.close();
      await operator.close();
      await strict.stop();
    }
  },
);

test("JetStream store: wrong options are named", async () => {
  const client = { jetstreamManager() {} } as unknown as Parameters<typeof jetStreamStore>[0];
  const wrong: [object, RegExp][] = [
    [{ streem: "x" }, /^Unknown option "streem" of jetStreamStore: did you mean "stream"\?$/],
    [{ subject: "x" }, /^Unknown option "subject" of jetStreamStore: use prefix$/],
    [{ stream: "a.b" }, /^Option "stream" must be a name without spaces.* received "a\.b"$/],
    [{ prefix: "a.>" }, /^Option "prefix" must be a subject/],
    [{ prefix: "$JS" }, /^Option "prefix" must be a subject/],
    [{ maxAge: 10 }, /^Option "maxAge" must be a whole number of milliseconds, at least 1000, received 10$/],
    [{ maxBytes: 0 }, /^Option "maxBytes"/],
    [{ replicas: 6 }, /^Option "replicas" must be 5 at most/],
    [{ storage: "disk" }, /^Option "storage" must be "file" or "memory", received "disk"$/],
    [{ clock: {} }, /^Option "clock"/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => jetStreamStore(client, options), { name: "TypeError", message });
  }
  assert.throws(() => jetStreamStore({} as never), { message: /^jetStreamStore\(\) takes what jetstream/ });
  await assert.rejects(jetStreamStore(Promise.reject(new Error("no server"))).overdue(), /no server/);
});
