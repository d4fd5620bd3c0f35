/**
 * Checks the promise of a log in SQLite, as a property: whichever of the four processes that share the file are killed, and
 * whenever, what was acknowledged is there afterwards, each client receives it once and in one order, and where something is
 * missing it was told so. A plan comes from a seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import { parseId } from "../../lib/sqlite/ids.ts";
import { HoppingClient } from "./hopping_client.ts";
import { Random } from "./random.ts";
import { SqliteFile } from "./sqlite.ts";
import { type Member, Members } from "./sqlite_members.ts";
import { playPlan } from "./seeded_plans.ts";
import { until } from "./wait.ts";

/** What came of a plan, to see that there was something to go wrong. */
export interface KillFigures {
  /** Processes that were killed: at some moment, right before a commit, and right after one. */
  killed: number;
  killedBeforeCommit: number;
  killedAfterCommit: number;
  /** Events that were in the log, that were known to be so, and what clients received of them. */
  events: number;
  acknowledged: number;
  received: number;
  /** Events that were trimmed or deleted, and gaps of which clients were told. */
  destroyed: number;
  gaps: number;
  /** Events that were deleted before their publisher had read them, and that it published again. */
  publishedAgain: number;
  connections: number;
}

const NAMES = ["a", "b", "c", "d"];
const READERS = 5;
// As few as are trimmed away from a client that rests.
const FEW = 15;

/** Keeps what is deleted, whoever does it. */
const REMEMBER = `
CREATE TABLE deleted (id INTEGER PRIMARY KEY, payload TEXT);
CREATE TRIGGER remember BEFORE DELETE ON tidings_events BEGIN
  INSERT INTO deleted (id, payload) VALUES (old.id, old.payload);
END`;
const HISTORY = `
SELECT id, payload, 0 AS isGone FROM tidings_events UNION ALL SELECT id, payload, 1 FROM deleted ORDER BY id`;

/** What plays plans, one after the other, with the same processes for as long as they live. */
export class KillPlayer {
  readonly #members: Members;

  private constructor(members: Members) {
    this.#members = members;
  }

  static async start(): Promise<KillPlayer> {
    const members = await Members.start();
    members.prepare(NAMES.length + 2);
    return new KillPlayer(members);
  }

  play(seed: number): Promise<KillFigures> {
    return playPlan(seed, new Plan(seed, this.#members));
  }

  stop(): Promise<void> {
    return this.#members.stop();
  }
}

/** A place for a process, which another one takes when it is killed. */
interface Slot {
  readonly name: string;
  member: Member;
  /** Whether it serves. */
  isOpen: boolean;
  /** How many were there before. */
  lives: number;
  /** With which of its commits the process kills itself, and whether before it; 0 for none. */
  fatalCommit: number;
  isFatalBefore: boolean;
  /** Whether it was killed from outside. */
  isKilled: boolean;
}

class Plan {
  readonly #random: Random;
  readonly #members: Members;
  readonly #file = new SqliteFile();
  readonly #slots: Slot[] = [];
  readonly #readers: HoppingClient[] = [];
  readonly #acknowledged: string[] = [];
  readonly #maxEvents: number;
  readonly #durability: "full" | "normal";
  readonly #figures: KillFigures = {
    killed: 0,
    killedBeforeCommit: 0,
    killedAfterCommit: 0,
    events: 0,
    acknowledged: 0,
    received: 0,
    destroyed: 0,
    gaps: 0,
    publishedAgain: 0,
    connections: 0,
  };

  constructor(seed: number, members: Members) {
    this.#random = new Random(seed);
    this.#members = members;
    this.#maxEvents = this.#random.oneIn(4) ? FEW : Number.MAX_SAFE_INTEGER;
    this.#durability = this.#random.pick(["full", "normal"]);
  }

  async play(): Promise<KillFigures> {
    const random = this.#random;
    for (const name of NAMES) {
      const member = await this.#members.take();
      this.#slots.push({
        ...{ name, member, isOpen: false, lives: 0, isKilled: false },
        fatalCommit: random.oneIn(3) ? 1 + random.below(15) : 0,
        isFatalBefore: random.oneIn(2),
      });
    }
    // The first makes the table. From then on what is deleted is remembered beside it.
    const [first, ...others] = this.#slots as [Slot, ...Slot[]];
    await this.#open(first);
    this.#file.run(REMEMBER);
    this.#file.leave();
    await Promise.all(others.map((slot) => this.#open(slot)));
    for (let i = 0; i < READERS; i++) this.#readers.push(this.#reader());
    for (const reader of this.#readers) await reader.placed();

    const writing = Promise.all(this.#slots.map((slot) => this.#write(slot)));
    const harming = this.#harm();
    await Promise.all([writing, harming]);
    for (const reader of this.#readers) reader.goOn();
    const { member } = random.pick(this.#slots);
    member.tell({ command: "publish", data: "end" });
    await member.heard("published");
    assert.ok(!member.isGone, "a process is gone that nobody killed");
    // One that comes late has all that came after the place where another one began.
    this.#readers.push(this.#reader(this.#readers[0]!.first));
    for (const reader of this.#readers) {
      await until(() => reader.hasSeen("end"), "a client has read to the end").catch((error) => {
        throw new Error(`${error.message}; it is ${reader.state} and received ${summary(reader)}`);
      });
    }
    this.#check();
    return this.#figures;
  }

  async end(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.leave()));
    for (const { member } of this.#slots) {
      if (!member.isGone) member.tell({ command: "close" });
      await member.heard("closed").catch(() => member.kill());
      if (!member.isGone) this.#members.giveBack(member);
    }
    this.#file.remove();
  }

  #reader(from?: string): HoppingClient {
    const open = () => this.#slots.filter(({ isOpen, member }) => isOpen && !member.isGone);
    return new HoppingClient(async (lastEventId) => {
      await until(() => open().length > 0, "a process serves");
      const { member } = this.#random.pick(open());
      const headers: Record<string, string> = lastEventId === undefined
        ? {}
        : { "last-event-id": lastEventId };
      const response = await fetch(`http://127.0.0.1:${member.port}/`, { headers });
      if (response.status === 200) return response.body!;
      throw new Error(`${response.status}: ${await response.text()}`);
    }, { from });
  }

  /** Kills some of them, while they write, and what else there is to do. */
  async #harm(): Promise<void> {
    const random = this.#random;
    if (random.oneIn(3)) random.pick(this.#readers).rest();
    if (random.oneIn(6)) {
      await this.#someAcknowledged(random.below(40));
      // Nobody has the file open any more.
      await Promise.all(this.#slots.map((slot) => this.#kill(slot)));
    }
    for (let kills = random.below(4); kills > 0; kills--) {
      await this.#someAcknowledged(random.below(20));
      await this.#kill(random.pick(this.#slots));
      random.pick(this.#readers).hop();
    }
    if (!random.oneIn(8)) return;
    await this.#someAcknowledged(random.below(30));
    this.#file.run("DELETE FROM tidings_events");
    this.#file.leave();
  }

  /** Waits until so many more were acknowledged, or nobody writes. */
  async #someAcknowledged(more: number): Promise<void> {
    const count = () => this.#slots.reduce((sum, { member }) => sum + member.acknowledged.length, 0);
    const enough = count() + more;
    const isWriting = () =>
      this.#slots.some(({ member, isOpen }) => isOpen && !member.isGone && !member.has("written"));
    await until(() => count() >= enough || !isWriting(), "more is acknowledged");
  }

  async #kill(slot: Slot): Promise<void> {
    if (slot.member.isGone || slot.member.has("written")) return;
    slot.isKilled = true;
    await slot.member.kill();
  }

  /** Opens the file in a process, and in one after the other while they are killed in doing so. */
  async #open(slot: Slot): Promise<void> {
    for (;; await this.#succeed(slot)) {
      const { member, fatalCommit, isFatalBefore } = slot;
      member.tell({
        command: "open",
        path: this.#file.path,
        maxEvents: this.#maxEvents,
        durability: this.#durability,
        historyEvents: this.#random.pick([3, 10_000]),
        ...{ fatalCommit, isFatalBefore },
      });
      await member.heard("opened");
      slot.isOpen = !member.isGone;
      if (slot.isOpen) return;
    }
  }

  /** Has a process write, and one after the other while they are killed in doing so. */
  async #write(slot: Slot): Promise<void> {
    for (;; await this.#succeed(slot), await this.#open(slot)) {
      slot.member.tell({
        command: "write",
        name: `${slot.name}${slot.lives}`,
        seed: this.#random.below(2 ** 30),
        rounds: 4 + this.#random.below(12),
      });
      await slot.member.heard("written");
      // It may have said so while it was on its way out.
      if (slot.isKilled) await slot.member.kill();
      if (!slot.member.isGone) return this.#collect(slot);
    }
  }

  #collect({ member }: Slot): void {
    this.#acknowledged.push(...member.acknowledged);
  }

  /** Puts another process in the place of one that is gone. */
  async #succeed(slot: Slot): Promise<void> {
    slot.isOpen = false;
    this.#collect(slot);
    if (slot.isKilled) this.#figures.killed++;
    else if (slot.fatalCommit === 0) throw new Error("A process ended that nobody killed");
    else if (slot.isFatalBefore) this.#figures.killedBeforeCommit++;
    else this.#figures.killedAfterCommit++;
    slot.fatalCommit = 0;
    slot.isKilled = false;
    slot.lives++;
    slot.member = await this.#members.take();
  }

  #check(): void {
    const rows = this.#file.all<{ id: number; payload: string | null; isGone: number }>(HISTORY);
    const history = rows.flatMap(({ id, payload, isGone }) => {
      // Neither a place to stand at nor what a process says of a loss is an event.
      const { data } = JSON.parse(payload ?? "{}") as { data?: string };
      return data === undefined ? [] : [{ number: Number(id), data, isGone: Number(isGone) > 0 }];
    });
    const figures = this.#figures;
    figures.events = history.length;
    figures.acknowledged = this.#acknowledged.length;
    figures.destroyed = history.filter(({ isGone }) => isGone).length;

    const [integrity] = this.#file.all<{ integrity_check: string }>("PRAGMA integrity_check");
    assert.equal(integrity?.integrity_check, "ok");
    const written = new Map<string, { number: number; isGone: boolean }>();
    for (const { number, data, isGone } of history) {
      const before = written.get(data);
      // What was deleted before its publisher had read it is published again.
      assert.ok(before === undefined || before.isGone, `${short(data)} is in the log twice`);
      if (before !== undefined) figures.publishedAgain++;
      written.set(data, { number, isGone });
    }
    for (const data of this.#acknowledged) {
      assert.ok(written.has(data), `${short(data)} was acknowledged, and is not in the log`);
    }
    const orders = this.#file.all<{ data: string }>("SELECT data FROM orders").map(({ data }) => data);
    const ofOrders = [...written.keys()].filter((data) => /:(order|never) /.test(data));
    assert.deepEqual(ofOrders.sort(), orders.sort(), "transactions published something else than they wrote");
    const numbers = new Map<string, number>();
    for (const { number: place, data } of history) {
      const [, name, number] = /^(\w+):(\d+)/.exec(data) ?? [];
      if (name === undefined || written.get(data)!.number !== place) continue;
      assert.ok(Number(number) > (numbers.get(name) ?? -1), `${short(data)} was overtaken`);
      numbers.set(name, Number(number));
    }
    // Also a place to stand at that was deleted: nobody can prove that no event went with it.
    const isHarmed = rows.some(({ isGone }) => Number(isGone) > 0);
    for (const reader of this.#readers) {
      this.#checkReader(reader, history);
      const isTold = reader.isTold(() => true);
      assert.ok(isHarmed || !isTold, `a gap, and nothing was lost: ${summary(reader)}`);
    }
  }

  #checkReader(
    reader: HoppingClient,
    history: readonly { number: number; data: string; isGone: boolean }[],
  ): void {
    const at = new Map(history.map((each) => [each.number, each]));
    const start = parseId(reader.first!)!.number;
    const received = new Set<number>();
    const gaps: (readonly [from: number, to: number])[] = [];
    let last = start;
    for (const step of reader.steps) {
      if (step.kind === "gap") {
        gaps.push([parseId(step.requested)!.number, parseId(step.resumedAt)!.number]);
        continue;
      }
      const { number } = parseId(step.id)!;
      assert.equal(at.get(number)?.data, step.data, `a client received ${short(step.data)} at ${step.id}`);
      assert.ok(number > last, `${short(step.data)} at ${number} came after ${last}: ${summary(reader)}`);
      received.add(number);
      last = number;
    }
    for (const { number, data, isGone } of history) {
      if (number <= start || received.has(number)) continue;
      const isTold = gaps.some(([from, to]) => number > from && number <= to);
      assert.ok(isGone && isTold, `${short(data)} at ${number} was not received: ${summary(reader)}`);
    }
    this.#figures.received += received.size;
    this.#figures.gaps += gaps.length;
    this.#figures.connections += reader.connections;
  }
}

/** A text without its filling. */
const short = (data: string) => data.split(" x", 1)[0]!;

/** What a client received, for a report. */
const summary = (reader: HoppingClient) => reader.summary().replaceAll(/ x+/g, "");
