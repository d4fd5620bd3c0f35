/**
 * Tests what every engine has to keep: {@linkcode backplaneContract} runs these tests against one. Whoever writes an engine of
 * their own can run them too; they need no more than `node:test`.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Backplane,
  type BackplaneEntry,
  type BackplaneReader,
  LONGEST_WAIT,
} from "../../lib/cluster/backplane.ts";
import { sleep, until, within } from "./wait.ts";

/** One log, new and empty, and what may happen to it. */
export interface ContractLog {
  /** The log, as one process sees it. */
  readonly backplane: Backplane;
  /** The same log, as another process sees it. */
  readonly elsewhere: Backplane;
  /** Forgets the oldest entries, so that `keep` are left. */
  trim(keep: number): Promise<void>;
  /** Forgets the newest entries. Left out where that cannot happen. */
  loseTail?(count: number): Promise<void>;
  /** Forgets everything. */
  wipe(): Promise<void>;
  /** Breaks every reader's connection. */
  disconnect(): Promise<void>;
  /** How many connections there are; every one that is no reader's is always there. */
  connections(): Promise<number>;
  /** Lets go of everything. */
  close(): Promise<void>;
}

export interface ContractOptions {
  /** What the tests are called by: the engine and its client. */
  readonly name: string;
  /** Why they cannot run. */
  readonly skip?: string | false;
  /** Makes a new log. */
  make(): Promise<ContractLog>;
  /** Texts that {@linkcode Backplane.isId} takes though the engine never gave them: the smallest and the largest, for instance. */
  readonly strangeIds: readonly string[];
  /** Whether a wait brings what a reading would. Default: false. */
  readonly readsAhead?: boolean;
}

/** Texts that no engine may take for an id. */
const NO_IDS = [
  "",
  " ",
  "+",
  "-",
  "$",
  "*",
  "(1-1",
  "1 1",
  "1-1\n",
  "latest",
  "é",
  "\0",
  "1-1,2-2",
  "9".repeat(400),
];

const PAYLOADS = [
  "",
  "plain",
  "id: 1\ndata: é🙂\r\n\r\n",
  "\0 and \ufeff",
  "\ufeff at the beginning",
  "x".repeat(300_000),
];

/** Runs the contract's tests against an engine. */
export function backplaneContract(
  { name, skip = false, make, strangeIds, readsAhead = false }: ContractOptions,
): void {
  let messages = 0;
  const append = (backplane: Backplane, payload = "payload") =>
    backplane.append({ messageId: `message-${messages++}`, payload });
  const appendMany = async (backplane: Backplane, count: number) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push(await append(backplane, `payload ${i}`));
    return ids;
  };

  const check = (
    what: string,
    run: (log: ContractLog, open: () => Promise<BackplaneReader>) => Promise<void>,
  ) =>
    test(`${name}: ${what}`, { skip, timeout: 60_000 }, async () => {
      const log = await make();
      const readers: BackplaneReader[] = [];
      const open = async () => {
        const reader = await within(log.backplane.open(), "a reader is open");
        readers.push(reader);
        return reader;
      };
      try {
        await run(log, open);
      } finally {
        for (const reader of readers) reader.close();
        await log.close();
      }
    });

  check("an appended entry has an id, newer than the one before", async ({ backplane, elsewhere }, open) => {
    const ids = [await append(backplane), await append(elsewhere), await append(backplane)];
    for (const [index, id] of ids.entries()) {
      assert.match(id, /^[!-~]+$/);
      assert.equal(backplane.isId(id), true);
      for (const [other, another] of ids.entries()) {
        assert.equal(Math.sign(backplane.compare(id, another)), Math.sign(index - other));
      }
    }
    assert.deepEqual((await (await open()).range(ids[0]!, 10)).map(({ id }) => id), ids);
  });

  check("what is no id is told without asking", async ({ backplane }) => {
    for (const text of NO_IDS) assert.equal(backplane.isId(text), false, JSON.stringify(text));
    assert.match(backplane.name, /\S/);
    await Promise.resolve();
  });

  check("an id that the engine never gave harms nothing", async ({ backplane }, open) => {
    const ids = await appendMany(backplane, 3);
    const reader = await open();
    for (const strange of strangeIds) {
      assert.equal(backplane.isId(strange), true, strange);
      const older = ids.filter((id) => backplane.compare(id, strange) < 0);
      const first = older.at(-1) ?? ids[0]!;
      assert.equal((await reader.range(strange, 2))[0]!.id, first, strange);
      assert.deepEqual(idsOf(await reader.before(strange, 10)), older, strange);
      // It may have to wait the whole time.
      await within(reader.wait(strange, 10), `waiting after ${strange} ends`);
    }
  });

  check("a payload and a message id come back unchanged", async ({ backplane }, open) => {
    const start = await append(backplane);
    const sent: Omit<BackplaneEntry, "id">[] = [];
    for (const payload of PAYLOADS) {
      const messageId = `7c9e6679-7425-40de-944b-e07fc1f9${String(1_000 + messages++).slice(-4)}`;
      await backplane.append({ messageId, payload });
      sent.push({ messageId, payload });
    }
    const [, ...read] = await (await open()).range(start, 100);
    assert.deepEqual(read.map(({ messageId, payload }) => ({ messageId, payload })), sent);
  });

  check("a second copy is refused, or comes back with the same message id", async ({ backplane }, open) => {
    const message = { messageId: "once", payload: "once" };
    const start = await append(backplane);
    const first = await backplane.append(message);
    const second = await backplane.append(message);
    const [, ...read] = await (await open()).range(start, 10);
    assert.deepEqual(read.map(({ id }) => id), first === second ? [first] : [first, second]);
    for (const entry of read) assert.deepEqual({ ...entry, id: "" }, { id: "", ...message });
  });

  check("a range begins with the place at which it was asked for", async ({ backplane }, open) => {
    const ids = await appendMany(backplane, 7);
    const reader = await open();
    assert.deepEqual(idsOf(await reader.range(ids[2]!, 3)), ids.slice(2, 5));
    assert.deepEqual(idsOf(await reader.range(ids[2]!, 100)), ids.slice(2));
    assert.deepEqual(idsOf(await reader.range(ids[6]!, 2)), ids.slice(6));
  });

  check("a range back ends with the place, oldest first", async ({ backplane }, open) => {
    const ids = await appendMany(backplane, 7);
    const reader = await open();
    assert.deepEqual(idsOf(await reader.before(ids[4], 3)), ids.slice(2, 5));
    assert.deepEqual(idsOf(await reader.before(ids[1], 3)), ids.slice(0, 2));
    assert.deepEqual(idsOf(await reader.before(undefined, 2)), ids.slice(5));
    assert.deepEqual(idsOf(await reader.before(undefined, 1)), ids.slice(6));
    assert.deepEqual(idsOf(await reader.before(undefined, 100)), ids);
  });

  check("an empty log is given a place to stand", async ({ backplane }, open) => {
    const reader = await open();
    const [place, ...more] = await reader.before(undefined, 10);
    assert.deepEqual(more, []);
    assert.equal(place!.payload, undefined);
    assert.equal(backplane.isId(place!.id), true);
    const id = await append(backplane);
    assert.deepEqual(idsOf(await reader.range(place!.id, 10)), [place!.id, id]);
  });

  check("where the beginning was trimmed, a range begins with the oldest", async (log, open) => {
    const ids = await appendMany(log.backplane, 8);
    await log.trim(3);
    const reader = await open();
    assert.deepEqual(idsOf(await reader.range(ids[1]!, 100)), ids.slice(5));
    assert.deepEqual(idsOf(await reader.range(ids[5]!, 100)), ids.slice(5));
    assert.deepEqual(idsOf(await reader.before(ids[1], 100)), []);
    assert.deepEqual(idsOf(await reader.before(undefined, 100)), ids.slice(5));
  });

  check("where the end was lost, a range begins with the newest before", async (log, open) => {
    if (log.loseTail === undefined) return;
    const ids = await appendMany(log.backplane, 8);
    await log.loseTail(3);
    const reader = await open();
    assert.deepEqual(idsOf(await reader.range(ids[6]!, 100)), [ids[4]]);
    const next = [await append(log.backplane), await append(log.backplane)];
    assert.deepEqual(idsOf(await reader.range(ids[6]!, 2)), [ids[4], next[0]]);
    assert.deepEqual(idsOf(await reader.range(ids[6]!, 100)), [ids[4], ...next]);
  });

  check("a log that was wiped is another one", async (log, open) => {
    const ids = await appendMany(log.backplane, 4);
    await log.wipe();
    const reader = await open();
    const [place, ...more] = await reader.range(ids[3]!, 10);
    assert.deepEqual(more, []);
    assert.notEqual(place!.id, ids[3]);
    assert.equal(place!.payload, undefined);
    const next = await append(log.backplane);
    assert.deepEqual(idsOf(await reader.range(place!.id, 10)), [place!.id, next]);
    const [first] = await reader.range(ids[0]!, 10);
    assert.equal(ids.includes(first!.id), false);
  });

  check(
    "waiting ends when there is an entry, and otherwise in time",
    async ({ backplane, elsewhere }, open) => {
      const [first, second] = await appendMany(backplane, 2);
      const reader = await open();
      const begun = performance.now();
      const brought = await within(reader.wait(first!, 10), "an entry that is there already ends it");
      assert.deepEqual(brought && idsOf(brought), readsAhead ? [first, second] : undefined);
      const known = performance.now() - begun;
      assert.ok(known < LONGEST_WAIT / 2, `${known} ms for an entry that was there`);

      let ended = 0;
      const waiting = reader.wait(second!, 10).then((entries) => {
        ended = performance.now();
        return entries;
      });
      await sleep(200);
      assert.equal(ended, 0);
      const appended = performance.now();
      const third = await append(elsewhere);
      const both = await within(waiting, "a new entry ends it");
      assert.deepEqual(both && idsOf(both), readsAhead ? [second, third] : undefined);
      assert.ok(ended - appended < LONGEST_WAIT / 2, `${ended - appended} ms after an entry was appended`);

      const [place] = await reader.before(undefined, 1);
      const from = performance.now();
      const none = await within(reader.wait(place!.id, 10), "it ends by itself");
      assert.deepEqual(none && idsOf(none), readsAhead ? [place!.id] : undefined);
      const took = performance.now() - from;
      assert.ok(took < LONGEST_WAIT + 500, `${took} ms in which nothing happened`);
    },
  );

  check("one that waits holds up nobody else", async ({ backplane, elsewhere }, open) => {
    const [place] = await appendMany(backplane, 1);
    const [waiter, reader] = [await open(), await open()];
    const waiting = waiter.wait(place!, 10);
    await sleep(50);
    const begun = performance.now();
    assert.deepEqual(idsOf(await reader.range(place!, 10)), [place]);
    const read = performance.now() - begun;
    await append(elsewhere);
    await waiting;
    assert.ok(read < LONGEST_WAIT / 2, `${read} ms for a range`);
  });

  check("a reader that is closed leaves nothing behind, also one that waits", async (log) => {
    const [place] = await appendMany(log.backplane, 1);
    const before = await log.connections();
    const reader = await log.backplane.open();
    let outcome = "under way";
    reader.wait(place!, 10).then(() => outcome = "resolved", () => outcome = "rejected");
    await sleep(100);
    reader.close();
    reader.close();
    await until(() => outcome !== "resolved", "a wait was cut short");
    let left = 0;
    for (let i = 0; i < 100 && (i === 0 || left > before); i++) {
      left = await log.connections();
      await sleep(20);
    }
    assert.equal(left, before);
    assert.notEqual(outcome, "resolved");
  });

  check("a broken connection ends a wait, and another one goes on", async (log, open) => {
    const ids = await appendMany(log.backplane, 2);
    const reader = await open();
    const refused = assert.rejects(within(reader.wait(ids[1]!, 10), "the wait ends", 2 * LONGEST_WAIT));
    await sleep(100);
    await log.disconnect();
    await refused;
    reader.close();
    assert.deepEqual(idsOf(await (await open()).range(ids[0]!, 10)), ids);
  });

  check("all see one order, whoever appends", async ({ backplane, elsewhere }, open) => {
    const start = await append(backplane);
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, i) => append(i % 2 ? backplane : elsewhere, `${i}`)),
    );
    const other = await elsewhere.open();
    const [mine, theirs] = [await (await open()).range(start, 500), await other.range(start, 500)];
    other.close();
    assert.deepEqual(mine, theirs);
    assert.equal(mine.length, 201);
    assert.deepEqual(idsOf(mine), [start, ...ids].sort(backplane.compare));
  });
}

const idsOf = (entries: readonly BackplaneEntry[]): string[] => entries.map(({ id }) => id);
