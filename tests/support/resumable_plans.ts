/**
 * Plays random plans of faults on resumable streams, and checks that what readers received and were told is what was stored.
 *
 * Time is turned by hand. The store is the one in memory, behind a network that loses calls and their answers, holds them up,
 * and forgets what watchers should be told; processes die, and sleep for longer than their leases.
 *
 * @module
 */

import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createParser } from "eventsource-parser";
import type { Clock } from "../../lib/base/clock.ts";
import { ResumableStreams } from "../../lib/resumable/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { StreamHead, StreamStore, StreamWatcher } from "../../lib/store/store.ts";
import { request } from "./memory_client.ts";
import { Random } from "./random.ts";
import { type TurnedClock, turnedClock } from "./turned_clock.ts";

const ID = "work";
const LEASE = 6_000;

/** What a plan came to. */
export interface PlanFigures {
  stored: number;
  received: number;
  gaps: number;
  connections: number;
  takeovers: number;
  ends: Record<string, number>;
}

/** All that was ever stored, by its place. */
class Account {
  readonly frames = new Map<number, string>();
  epoch = "";
  takeovers = 0;
  /** Whether anything was ever forgotten. */
  isTrimmed = false;

  /** The store itself, watched: nothing is taken from any client's word. */
  of(store: StreamStore): StreamStore {
    const { frames } = this;
    return {
      ...bound(store),
      append: async (id, batch) => {
        const before = (await store.read(id, Infinity, 1))?.head.last ?? 0;
        const answer = await store.append(id, batch);
        if (answer.written) {
          this.isTrimmed ||= batch.trim > 0;
          for (const [index, frame] of batch.frames.entries()) {
            const seq = batch.first + index;
            if (seq <= before) assert.equal(frames.get(seq), frame, `${seq} was repeated with another text`);
            else frames.set(seq, frame);
          }
        }
        return answer;
      },
      claim: async (id, stream) => {
        const head = await store.claim(id, stream);
        if (head !== undefined) this.takeovers = head.claims;
        return head;
      },
    };
  }
}

function bound(store: StreamStore): StreamStore {
  return {
    name: store.name,
    create: store.create.bind(store),
    append: store.append.bind(store),
    end: store.end.bind(store),
    claim: store.claim.bind(store),
    overdue: store.overdue.bind(store),
    read: store.read.bind(store),
    watch: store.watch.bind(store),
    own: store.own.bind(store),
    close: () => {},
  };
}

/** One process's way to the store. */
class Network {
  /** Whether the process sleeps: what it asked for stays under way. */
  #asleep: (() => void)[] | undefined;
  #isDead = false;
  /** How likely a call is to go wrong. */
  trouble = 0;
  readonly #random: Random;
  readonly #clock: Clock;

  constructor(random: Random, clock: Clock) {
    this.#random = random;
    this.#clock = clock;
  }

  get state(): "awake" | "asleep" | "dead" {
    return this.#isDead ? "dead" : this.#asleep === undefined ? "awake" : "asleep";
  }

  sleep(): void {
    this.#asleep ??= [];
  }

  wake(): void {
    const waiting = this.#asleep ?? [];
    this.#asleep = undefined;
    for (const resume of waiting) resume();
  }

  die(): void {
    this.#isDead = true;
  }

  /** The store as this process has it. */
  of(store: StreamStore): StreamStore {
    const call =
      <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        await this.#passage();
        const fate = this.#random.below(100) < this.trouble ? this.#random.below(3) : 3;
        if (fate === 0) throw new Error("the call was lost");
        const answer = await method(...args);
        await this.#passage();
        if (fate === 1) throw new Error("the answer was lost");
        if (fate === 2) await this.#wait(this.#random.below(9_000));
        return answer;
      };
    return {
      ...bound(store),
      create: call(store.create),
      append: call(store.append),
      end: call(store.end),
      claim: call(store.claim),
      overdue: call(store.overdue),
      read: call(store.read),
      watch: (id, watcher) => store.watch(id, this.#deaf(watcher)),
      own: (owner, listener) =>
        store.own(owner, (id) => this.#isDead || this.#random.below(4) === 0 || listener(id)),
    };
  }

  /** A watcher that is told late, twice, or only later that it missed something. */
  #deaf(watcher: StreamWatcher): StreamWatcher {
    const tell = (what: () => void) => void this.#passage().then(what);
    return {
      appended: (epoch, first, frames) => {
        const fate = this.#random.below(100) < this.trouble ? this.#random.below(3) : 3;
        if (fate === 0) return void this.#wait(this.#random.below(2_000)).then(() => watcher.changed());
        tell(() => watcher.appended(epoch, first, frames));
        if (fate === 1) tell(() => watcher.appended(epoch, first, frames));
      },
      changed: () => tell(() => watcher.changed()),
    };
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, milliseconds));
  }

  /** A moment; for ever if the process is dead, and until it wakes if it sleeps. */
  async #passage(): Promise<void> {
    if (this.#random.below(3) === 0) await nextTurn();
    if (this.#isDead) await new Promise(() => {});
    if (this.#asleep !== undefined) await new Promise<void>((resume) => this.#asleep!.push(resume));
  }
}

/** One reader, over as many connections as it takes, checked as it reads. */
class PlanReader {
  lastEventId: string | undefined;
  readonly #account: Account;
  readonly #figures: PlanFigures;
  #seq = 0;
  /** What it was told at the end, and by which state. */
  end: { state: string; events: number } | undefined;
  /** The process that it is connected to. */
  at: ResumableStreams | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #attempts = 0;
  log: string[] = [];

  constructor(account: Account, figures: PlanFigures) {
    this.#account = account;
    this.#figures = figures;
  }

  /** Whether it is connected, or about to be. */
  get connected(): boolean {
    return this.at !== undefined;
  }

  async connect(streams: ResumableStreams): Promise<void> {
    this.at = streams;
    const attempt = ++this.#attempts;
    let response: Response;
    try {
      response = await streams.subscribe(request({ lastEventId: this.lastEventId }), ID);
    } catch (error) {
      if (attempt === this.#attempts) this.at = undefined;
      return void this.log.push(`refused: ${error}`);
    }
    if (attempt !== this.#attempts || this.at === undefined) return void response.body?.cancel();
    if (response.status === 204) {
      assert.ok(this.end !== undefined, "204 to one that has not had the end");
      return;
    }
    assert.equal(response.status, 200, `${response.status} for ${this.lastEventId}`);
    this.#figures.connections++;
    this.log.push(`connected after ${this.lastEventId}`);
    const reader = this.#reader = response.body!.getReader();
    const parser = createParser({
      onEvent: ({ event, data, id }) => this.#take(event ?? "message", data, id),
    });
    const decoder = new TextDecoder();
    void (async () => {
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done || this.#reader !== reader) break;
          parser.feed(decoder.decode(value, { stream: true }));
        }
      } catch (error) {
        this.log.push(`cut: ${error}`);
      }
      if (this.#reader === reader) this.#reader = this.at = undefined;
    })();
  }

  failure: unknown;

  #take(event: string, data: string, id: string | undefined): void {
    if (this.failure !== undefined) return;
    try {
      this.#check(event, data, id);
      if (id !== undefined) this.lastEventId = id;
    } catch (error) {
      this.failure = error;
    }
  }

  #check(event: string, data: string, id: string | undefined): void {
    this.log.push(`${id} ${event} ${data}`);
    if (event === "tidings-end") {
      return assert.ok(this.end !== undefined, "the last sign comes behind the end");
    }
    const [epoch, number] = id!.split("-");
    const seq = Number(number);
    assert.equal(epoch, this.#account.epoch, "an id of this stream");
    if (this.end !== undefined) assert.fail(`${event} ${data} behind the end`);
    if (event === "gap") {
      this.#figures.gaps++;
      assert.ok(seq > this.#seq, "a gap goes forward");
      assert.ok(this.#account.isTrimmed, "this store forgets nothing but what is over the limits");
      this.#seq = seq;
      return;
    }
    assert.equal(seq, this.#seq + 1, `${data}: after ${this.#seq} comes the next`);
    this.#seq = seq;
    if (event === "end") {
      this.end = JSON.parse(data);
      assert.equal(this.end!.events, seq - 1, "the end stands behind all events");
      return;
    }
    this.#figures.received++;
    const stored = this.#account.frames.get(seq);
    assert.equal(`data: ${data}\n\n`, stored, `what came as ${seq} is what was stored`);
  }

  async leave(): Promise<void> {
    const reader = this.#reader;
    this.#reader = this.at = undefined;
    await reader?.cancel();
  }
}

/** Plays one plan. */
export async function playPlan(seed: number): Promise<PlanFigures> {
  const random = new Random(seed);
  const clock: TurnedClock = turnedClock({ random: () => random.below(2 ** 30) / 2 ** 30 });
  const figures: PlanFigures = { stored: 0, received: 0, gaps: 0, connections: 0, takeovers: 0, ends: {} };
  const account = new Account();
  const memory = memoryStore({ clock });
  const store = account.of(memory);
  const limits = random.below(4) === 0 ? { events: 5 + random.below(30) } : {};
  const patience = random.below(5) === 0 ? 4_000 : Infinity;
  let acknowledged = 0;

  const processes = Array.from({ length: 3 }, (_, index) => {
    const network = new Network(random, clock);
    const canTakeOver = random.below(2) === 0;
    const streams = new ResumableStreams({
      store: network.of(store),
      clock,
      lease: LEASE,
      keep: 10_000_000,
      patience,
      limits,
      onError: () => {},
      ...(canTakeOver && {
        onLost: (_id: string, { events, signal }: { events: readonly unknown[]; signal: AbortSignal }) =>
          produce(`p${index}t${events.length}`, signal),
      }),
    });
    return { index, network, streams };
  });
  type Process = typeof processes[number];

  const sleep = (milliseconds: number) =>
    new Promise<void>((resolve) => clock.setTimeout(resolve, milliseconds));
  async function* produce(who: string, signal: AbortSignal): AsyncGenerator<string> {
    // One that has ended may be started anew: nothing ends before the race is over.
    await decided;
    const count = 1 + random.below(60);
    for (let n = 0; n < count && !signal.aborted; n++) {
      if (random.below(3) === 0) await sleep(random.below(600));
      yield `${who}/${n}${random.below(20) === 0 ? "x".repeat(20_000) : ""}`;
    }
  }

  let decide = () => {};
  const decided = new Promise<void>((resolve) => decide = resolve);

  try {
    // Two start it at once: one does.
    const starts = await Promise.allSettled([0, 1].map(async (index) => {
      const { streams } = processes[index]!;
      if (random.below(2) === 0) return await streams.start(ID, ({ signal }) => produce(`p${index}`, signal));
      const job = await streams.open(ID);
      void (async () => {
        for await (const data of produce(`j${index}`, job.signal)) {
          if (!job.open) return;
          const appended = job.append(data).then(() => void acknowledged++, () => {});
          if (random.below(2) === 0) await appended;
        }
        await job.end();
      })();
      return job;
    }));
    assert.equal(
      starts.filter(({ status }) => status === "fulfilled").length,
      1,
      "one of two who start it does",
    );
    decide();
    account.epoch = (await memory.read(ID, Infinity, 1))!.head.epoch;
    const readers = Array.from({ length: 1 + random.below(4) }, () => new PlanReader(account, figures));
    const awake = () => processes.filter(({ network }) => network.state === "awake");
    const any = (list: readonly Process[]) => list[random.below(list.length)];

    const turn = async (milliseconds: number) => {
      for (let i = 0; i < 3; i++) await nextTurn();
      clock.pass(milliseconds);
      for (let i = 0; i < 3; i++) await nextTurn();
    };
    const check = () => {
      for (const reader of readers) {
        if (reader.failure !== undefined) {
          throw new Error(
            `${(reader.failure as Error).message}; it had: ${
              reader.log.slice(-12).join(" | ").slice(0, 900)
            }`,
          );
        }
      }
    };
    const steps = 20 + random.below(60);
    for (let step = 0; step < steps; step++) {
      const reader = readers[random.below(readers.length)]!;
      const kind = random.below(100);
      if (kind < 30) {
        const at = any(awake());
        // Not waited for: it may take as long as the store does.
        if (!reader.connected && reader.end === undefined && at !== undefined) {
          void reader.connect(at.streams).catch((error) => reader.failure ??= error);
        }
      } else if (kind < 38) await reader.leave();
      else if (kind < 44) any(processes)!.network.trouble = random.below(60);
      else if (kind < 50) any(processes)!.network.trouble = 0;
      else if (kind < 54) any(processes)!.network.sleep();
      else if (kind < 60) any(processes)!.network.wake();
      else if (kind < 62 && processes.filter(({ network }) => network.state !== "dead").length > 1) {
        const { network, streams } = any(processes)!;
        network.die();
        // Its connections break, also those that are only being made.
        for (const each of readers) if (each.at === streams) await each.leave();
      } else if (kind < 63) void any(awake())?.streams.stop(ID).catch(() => {});
      await turn(random.below(kind % 2 ? 100 : 1_500));
      check();
    }
    // Peace: what is not dead is well, and one process is sure to be.
    for (const { network } of processes) {
      network.trouble = 0;
      if (network.state === "asleep") network.wake();
    }
    const well = new Network(random, clock);
    const last = new ResumableStreams({ store: well.of(store), clock, lease: LEASE, onError: () => {} });
    let head: StreamHead;
    for (let i = 0;; i++) {
      head = (await memory.read(ID, Infinity, 1))!.head;
      for (const reader of readers) {
        if (!reader.connected && reader.end === undefined) {
          void reader.connect(last).catch((error) => reader.failure ??= error);
        }
      }
      const isThrough = head.state !== "running" && readers.every(({ end }) => end !== undefined);
      if (isThrough) break;
      if (i > 400) {
        const states = readers.map(({ log, connected, end }) =>
          `${connected} ${end?.state} ${log.slice(-3).join(" | ")}`
        );
        throw new Error(
          `It did not come to its end: ${JSON.stringify(head)} ${states.join("; ").slice(0, 900)}`,
        );
      }
      await turn(300);
      check();
    }
    for (const reader of readers) {
      assert.equal(reader.end!.state, head.state, "every reader is told the same end");
      assert.equal(reader.end!.events, head.last);
    }
    assert.ok(acknowledged <= account.frames.size, "what was acknowledged is stored");
    figures.stored = account.frames.size;
    figures.takeovers = account.takeovers;
    figures.ends[head.state] = 1;
    void last.close();
    return figures;
  } catch (error) {
    throw new Error(`With seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  } finally {
    for (const { streams, network } of processes) {
      if (network.state !== "dead") void streams.close();
    }
    for (let i = 0; i < 20; i++) {
      await nextTurn();
      clock.pass(1_000);
    }
  }
}
