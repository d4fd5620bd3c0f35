/**
 * Checks that a store keeps the contract of lib/store/store.ts: one suite for all engines, and for one of your own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamStore, StreamWatcher } from "../../lib/store/store.ts";
import { sleep, until } from "./wait.ts";

/** A place for stores of many processes. */
export interface StorePlace {
  /** A store as another process would have it. */
  open(): StreamStore;
  close(): Promise<void>;
}

const KEEP = 60_000;
const LEASE = 30_000;
/** A lease that is soon over, in milliseconds. */
const SHORT = 400;

let made = 0;
const unique = () => `t${Date.now().toString(36)}${made++}`;

const frame = (text: string) => `data: ${text}\n\n`;

/** What one process is told of a stream. */
class Told implements StreamWatcher {
  readonly frames: [epoch: string, first: number, frames: readonly string[]][] = [];
  changes = 0;
  appended(epoch: string, first: number, frames: readonly string[]): void {
    this.frames.push([epoch, first, frames]);
  }
  changed(): void {
    this.changes++;
  }
}

/** Runs the suite. `place` is opened once for each test. */
export function storeContract(name: string, openPlace: () => Promise<StorePlace>): void {
  const check = (
    what: string,
    run: (open: () => StreamStore, id: string) => Promise<void>,
  ) =>
    test(`${name}: ${what}`, async () => {
      const place = await openPlace();
      const stores: StreamStore[] = [];
      try {
        await run(() => {
          const store = place.open();
          stores.push(store);
          return store;
        }, unique());
      } finally {
        for (const store of stores) store.close();
        await place.close();
      }
    });

  const begin = (store: StreamStore, id: string, token = "a:1", lease = LEASE) =>
    store.create(id, {
      epoch: `e${token.replace(":", "")}`,
      owner: token.split(":")[0]!,
      token,
      lease,
      keep: KEEP,
    });
  const write = (
    store: StreamStore,
    id: string,
    first: number,
    texts: readonly string[],
    { token = "a:1", lease = LEASE, trim = 0 } = {},
  ) => store.append(id, { token, lease, keep: KEEP, first, frames: texts.map(frame), trim });
  const texts = async (store: StreamStore, id: string, after = 0, bytes = 1 << 20) => {
    const page = await store.read(id, after, bytes);
    return page?.records.map(({ seq, frame }) => `${seq} ${frame.slice(6, -2)}`);
  };

  check("a stream that was never made is none", async (open, id) => {
    const store = open();
    assert.equal(await store.read(id, 0, 1000), undefined);
    assert.equal(await store.end(id, { state: "stopped", keep: KEEP }), undefined);
    assert.equal(await store.claim(id, { owner: "a", token: "a:1", lease: LEASE, keep: KEEP }), undefined);
    assert.deepEqual(await write(store, id, 1, ["x"]), { written: false, head: undefined });
    assert.deepEqual(await store.overdue(), []);
  });

  check("what one process appends another reads, from any place", async (open, id) => {
    const [writer, reader] = [open(), open()];
    const before = Date.now();
    assert.equal(await begin(writer, id), true);
    assert.deepEqual(await texts(reader, id), []);
    assert.equal((await write(writer, id, 1, ["one", "zwei\ndata: 二", "3"])).written, true);
    assert.equal((await write(writer, id, 4, ["four"])).written, true);
    assert.deepEqual(await texts(reader, id), ["1 one", "2 zwei\ndata: 二", "3 3", "4 four"]);
    assert.deepEqual(await texts(reader, id, 1), ["2 zwei\ndata: 二", "3 3", "4 four"]);
    assert.deepEqual(await texts(reader, id, 4), []);
    const { head, records } = (await reader.read(id, Infinity, 1000))!;
    assert.deepEqual(records, []);
    const { startedAt, lease, ...rest } = head;
    assert.deepEqual(rest, {
      epoch: "ea1",
      state: "running",
      reason: undefined,
      first: 1,
      last: 4,
      bytes: new TextEncoder().encode(["one", "zwei\ndata: 二", "3", "four"].map(frame).join("")).byteLength,
      endedAt: undefined,
      claims: 0,
      readers: 0,
    });
    assert.ok(Math.abs(startedAt - before) < 60_000, `${startedAt} is not the time`);
    assert.ok(lease > 0 && lease <= LEASE, `${lease}`);
  });

  check("reads come in pages, each with one event at the least", async (open, id) => {
    const store = open();
    await begin(store, id);
    const long = "x".repeat(1000);
    for (let seq = 1; seq <= 30; seq += 3) await write(store, id, seq, [long, long, long]);
    let after = 0;
    let pages = 0;
    for (;;) {
      const { records } = (await store.read(id, after, 5_000))!;
      if (records.length === 0) break;
      pages++;
      for (const { seq } of records) assert.equal(seq, ++after);
      assert.ok(records.length <= 9, `a page of ${records.length} events`);
    }
    assert.equal(after, 30);
    assert.ok(pages >= 4, `${pages} pages`);
    assert.equal((await store.read(id, 0, 1))!.records[0]!.seq, 1);
  });

  check("a repeated append is one, also in part", async (open, id) => {
    const store = open();
    await begin(store, id);
    await write(store, id, 1, ["1", "2"]);
    await write(store, id, 1, ["1", "2"]);
    await write(store, id, 2, ["2", "3"]);
    await write(store, id, 1, ["1"]);
    await write(store, id, 6, ["6"]);
    assert.deepEqual(await texts(store, id), ["1 1", "2 2", "3 3", "6 6"]);
    assert.equal((await store.read(id, Infinity, 1))!.head.last, 6);
  });

  check("a stream that runs is taken; of many who create it one does", async (open, id) => {
    const stores = Array.from({ length: 4 }, open);
    const created = await Promise.all(
      Array.from({ length: 20 }, (_, i) => begin(stores[i % 4]!, id, `p${i}:1`)),
    );
    assert.equal(created.filter(Boolean).length, 1);
    const winner = `p${created.indexOf(true)}:1`;
    assert.equal(await begin(stores[0]!, id, winner), true, "a repeated call");
    assert.equal(await begin(stores[0]!, id, "late:1"), false);
    assert.equal((await write(stores[1]!, id, 1, ["no"], { token: "late:1" })).written, false);
    assert.equal((await write(stores[2]!, id, 1, ["yes"], { token: winner })).written, true);
    assert.deepEqual(await texts(stores[3]!, id), ["1 yes"]);
  });

  check("nothing is appended behind the end, and the first end counts", async (open, id) => {
    const [owner, other] = [open(), open()];
    await begin(owner, id);
    await write(owner, id, 1, ["1"]);
    assert.equal((await other.end(id, { state: "complete", token: "b:1", keep: KEEP }))!.state, "running");
    const ended = (await other.end(id, { state: "stopped", reason: "enough", keep: KEEP }))!;
    assert.equal(ended.state, "stopped");
    assert.equal(ended.reason, "enough");
    assert.ok(ended.endedAt! >= ended.startedAt);
    const refused = await write(owner, id, 2, ["2"]);
    assert.equal(refused.written, false);
    assert.equal("head" in refused && refused.head?.state, "stopped");
    assert.equal((await owner.end(id, { state: "complete", token: "a:1", keep: KEEP }))!.state, "stopped");
    assert.deepEqual(await texts(other, id), ["1 1"]);
    assert.equal(await other.claim(id, { owner: "b", token: "b:1", lease: LEASE, keep: KEEP }), undefined);
  });

  check("one that has ended is replaced, with another epoch", async (open, id) => {
    const store = open();
    await begin(store, id);
    await write(store, id, 1, ["old", "older"]);
    await store.end(id, { state: "complete", token: "a:1", keep: KEEP });
    assert.equal(await begin(store, id, "b:1"), true);
    assert.deepEqual(await texts(store, id), []);
    assert.equal((await write(store, id, 3, ["late"])).written, false);
    await write(store, id, 1, ["new"], { token: "b:1" });
    assert.deepEqual(await texts(store, id), ["1 new"]);
    assert.equal((await store.read(id, Infinity, 1))!.head.epoch, "eb1");
  });

  check("a lease that is over is claimed by one, and the former owner writes no more", async (open, id) => {
    const stores = Array.from({ length: 3 }, open);
    const [first] = stores;
    const claim = (store: StreamStore, token: string, lease = LEASE) =>
      store.claim(id, { owner: token.split(":")[0]!, token, lease, keep: KEEP });
    await begin(first!, id, "a:1", SHORT);
    await write(first!, id, 1, ["1"], { lease: SHORT });
    assert.equal(await claim(stores[1]!, "b:1"), undefined, "it is not over yet");
    assert.deepEqual((await first!.overdue()).filter((each) => each === id), []);
    await sleep(SHORT + 50);
    assert.ok((await stores[2]!.overdue()).includes(id));
    const heads = await Promise.all(Array.from({ length: 12 }, (_, i) => claim(stores[i % 3]!, `c${i}:1`)));
    assert.equal(heads.filter((head) => head !== undefined).length, 1);
    const winner = heads.findIndex((head) => head !== undefined);
    assert.equal(heads[winner]!.claims, 1);
    assert.equal(heads[winner]!.last, 1);
    assert.equal(heads[winner]!.epoch, "ea1");
    assert.equal((await claim(stores[0]!, `c${winner}:1`))?.claims, 1, "a repeated call");
    assert.equal((await write(first!, id, 2, ["too late"])).written, false);
    assert.equal((await write(stores[1]!, id, 2, ["on"], { token: `c${winner}:1` })).written, true);
    assert.deepEqual(await texts(first!, id), ["1 1", "2 on"]);
    assert.ok(!(await stores[2]!.overdue()).includes(id));
  });

  check(
    "each append renews the lease, and an end that asks for an overdue one finds none",
    async (open, id) => {
      const store = open();
      await begin(store, id, "a:1", SHORT);
      for (let seq = 1; seq <= 4; seq++) {
        await sleep(SHORT / 2);
        assert.equal(
          (await write(store, id, seq, seq === 3 ? [] : [`${seq}`], { lease: SHORT * 2 })).written,
          true,
        );
      }
      assert.equal((await store.end(id, { state: "lost", overdue: true, keep: KEEP }))!.state, "running");
      await sleep(SHORT * 2 + 50);
      assert.equal((await store.end(id, { state: "lost", overdue: true, keep: KEEP }))!.state, "lost");
      assert.deepEqual((await store.overdue()).filter((each) => each === id), []);
    },
  );

  check("a lease of 0 gives the stream up at once, however long it was before", async (open, id) => {
    const [store, other] = [open(), open()];
    await begin(store, id);
    await write(store, id, 1, ["1"]);
    assert.equal((await write(store, id, 2, [], { lease: 0 })).written, true);
    assert.ok((await other.overdue()).includes(id));
    const head = await other.claim(id, { owner: "b", token: "b:1", lease: LEASE, keep: KEEP });
    assert.equal(head?.last, 1);
    assert.equal((await write(store, id, 2, ["2"])).written, false);
  });

  check("one whose lease is over is ended as lost before it is replaced", async (open, id) => {
    const [store, other] = [open(), open()];
    const told = new Told();
    const unwatch = other.watch(id, told);
    await begin(store, id, "a:1", SHORT);
    await sleep(SHORT + 50);
    assert.equal(await begin(other, id, "b:1"), true);
    assert.equal((await write(store, id, 1, ["late"])).written, false);
    unwatch();
  });

  check("the oldest are trimmed", async (open, id) => {
    const store = open();
    await begin(store, id);
    await write(store, id, 1, ["1", "2", "3"]);
    await write(store, id, 4, ["4"], { trim: 3 });
    await write(store, id, 5, ["5"]);
    assert.deepEqual(await texts(store, id), ["4 4", "5 5"]);
    const { first, last } = (await store.read(id, Infinity, 1))!.head;
    assert.deepEqual([first, last], [4, 5]);
  });

  check("a watcher in another process is told of what is appended and of the end", async (open, id) => {
    const [writer, reader] = [open(), open()];
    const told = new Told();
    await begin(writer, id);
    const unwatch = reader.watch(id, told);
    await until(() => told.changes > 0, "watching has begun");
    const appended = await write(writer, id, 1, ["1", "2"]);
    assert.equal(appended.written && appended.readers, 1);
    await write(writer, id, 3, ["3\ndata: 三"]);
    await until(() => told.frames.length === 2, "both appends were told");
    assert.deepEqual(told.frames, [
      ["ea1", 1, ["1", "2"].map(frame)],
      ["ea1", 3, [frame("3\ndata: 三")]],
    ]);
    assert.equal((await writer.read(id, Infinity, 1))!.head.readers, 1);
    const { changes } = told;
    await writer.end(id, { state: "complete", token: "a:1", keep: KEEP });
    await until(() => told.changes > changes, "the end was told");
    unwatch();
    await begin(writer, id, "b:1");
    let readers = 1;
    for (let i = 0; i < 200 && readers > 0; i++) {
      const renewed = await write(writer, id, 1, [], { token: "b:1" });
      readers = renewed.written ? renewed.readers : -1;
      if (readers > 0) await sleep(10);
    }
    assert.equal(readers, 0, "nobody watches any more");
  });

  check(
    "each of several watchers is told",
    async (open, id) => {
      const [writer, reader] = [open(), open()];
      const all = [new Told(), new Told(), new Told()];
      await begin(writer, id);
      const stops = [reader.watch(id, all[0]!), reader.watch(id, all[1]!), writer.watch(id, all[2]!)];
      await until(() => all.every(({ changes }) => changes > 0), "watching has begun");
      await write(writer, id, 1, ["1"]);
      await until(() => all.every(({ frames }) => frames.length === 1), "each was told");
      for (const stop of stops) stop();
    },
  );

  check("an owner is told that somebody else has ended or claimed its stream", async (open, id) => {
    const [owner, other] = [open(), open()];
    const told: string[] = [];
    const stop = owner.own("a", (each) => void told.push(each));
    await begin(owner, id);
    const second = `${id}x`;
    await begin(owner, second, "a:2", SHORT);
    await sleep(SHORT + 50);
    // Listening may need a moment: what is lost is told at the next append.
    await other.end(id, { state: "stopped", keep: KEEP });
    await other.claim(second, { owner: "b", token: "b:1", lease: LEASE, keep: KEEP });
    await until(() => told.length === 2, "both were told");
    assert.deepEqual(told, [id, second]);
    stop();
  });

  check("a stream is gone some time after its end, and after its owner's death", async (open, id) => {
    const store = open();
    const dead = `${id}d`;
    await store.create(id, { epoch: "e", owner: "a", token: "a:1", lease: LEASE, keep: 1_000 });
    await store.end(id, { state: "complete", token: "a:1", keep: 1_000 });
    await store.create(dead, { epoch: "e", owner: "a", token: "a:2", lease: 500, keep: 500 });
    assert.notEqual(await store.read(id, 0, 1), undefined);
    let gone = false;
    for (let i = 0; i < 400 && !gone; i++) {
      gone = await store.read(id, 0, 1) === undefined && await store.read(dead, 0, 1) === undefined;
      if (!gone) await sleep(25);
    }
    assert.ok(gone, "both are gone");
    assert.ok(!(await store.overdue()).includes(dead));
    assert.equal((await write(store, dead, 1, ["x"], { token: "a:2" })).written, false);
  });

  check("ids are any text, and do not touch one another", async (open, id) => {
    const store = open();
    const ids = [
      id,
      `${id}:`,
      `${id}.a`,
      `${id} *`,
      `${id}/三/é`,
      `${id}>`,
      `${id}"{x}`,
      `${id}${"y".repeat(150)}`,
    ];
    for (const [index, each] of ids.entries()) {
      assert.equal(await begin(store, each, `a:${index}`), true, each);
      await write(store, each, 1, [`${index}`], { token: `a:${index}` });
    }
    for (const [index, each] of ids.entries()) assert.deepEqual(await texts(store, each), [`1 ${index}`]);
  });
}
