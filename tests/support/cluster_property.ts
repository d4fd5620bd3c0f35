/**
 * Checks the promise of a shared log, as a property: whatever happens, each client receives what was published in one order, and
 * where something is missing it was told so. Three nodes, clients that hop between them, and a plan of faults from a seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Backplane, BackplaneEntry } from "../../lib/cluster/backplane.ts";
import { Broadcaster } from "../../mod.ts";
import { HoppingClient, type Notice } from "./hopping_client.ts";
import { request } from "./memory_client.ts";
import { Random } from "./random.ts";
import { sleep, until, within } from "./wait.ts";

/** A log for one run, and what is done to it. What destroys entries says which. */
export interface FaultyLog {
  /** The log as one more node sees it. */
  join(): Backplane;
  /** Everything the log holds. */
  dump(): Promise<readonly BackplaneEntry[]>;
  trim(keep: number): Promise<readonly BackplaneEntry[]>;
  loseTail(count: number): Promise<readonly BackplaneEntry[]>;
  wipe(): Promise<readonly BackplaneEntry[]>;
  /** Breaks every connection. */
  disconnect(): Promise<void>;
  /** The next appends land and are then reported as failed. */
  loseAcks(count: number): void;
  /** Where places are given again: the newest entry that was left when entries were destroyed the last time. */
  readonly survivor?: string | undefined;
  /** Whether nothing is left open after the nodes are closed. */
  isQuiet(): Promise<boolean>;
  close(): Promise<void>;
}

/** What came of a run, to see that faults did happen. */
export interface Outcome {
  published: number;
  received: number;
  gaps: number;
  destroyed: number;
  doubled: number;
}

// The longest that one plan may take, in milliseconds. What it waits for has shorter limits of its own.
const LONGEST_PLAN = 90_000;
// How long it may take until nothing is left of the nodes. JetStream forgets a consumer whose end got lost after ten seconds.
const LONGEST_FAREWELL = 25_000;

/** Runs one plan, and checks what everybody received. */
export async function checkProperty(seed: number, log: FaultyLog): Promise<Outcome> {
  const run = new Run(new Random(seed), log);
  try {
    return await within(playToTheEnd(run), "the plan is through", LONGEST_PLAN);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`With seed ${seed}, ${run.state}: ${why}`, { cause: error });
  }
}

async function playToTheEnd(run: Run): Promise<Outcome> {
  let outcome: Outcome;
  try {
    outcome = await run.play();
  } catch (error) {
    // What went wrong first is what is told.
    await within(run.end(), "all of it ends").catch(() => {});
    throw error;
  }
  await run.end();
  return outcome;
}

// What is done at a step, by the number that is drawn; above them clients hop.
const FAULTS = ["trim", "lose the tail", "wipe", "disconnect", "disconnect", "lose acks", "close a node"];

class Run {
  readonly #random: Random;
  readonly #log: FaultyLog;
  /** For the order of ids. */
  readonly #ids: Backplane;
  readonly #historyEvents: number;
  readonly #clients: HoppingClient[] = [];
  readonly #publishing: Promise<unknown>[] = [];
  /** What was acknowledged. */
  readonly #acknowledged = new Set<string>();
  /** Destroyed entries, in the order in which they were destroyed. */
  readonly #destroyed: BackplaneEntry[] = [];
  /** What is under way may be noticed before it is known here: until then there is no telling how much it is. */
  #faults: { count: number } = { count: 0 };
  /** What was left when places were set free to be given again, and how many entries had been destroyed then. */
  readonly #setBacks: { survivor: string; faults: number }[] = [];
  #nodes: { name: string; feed: Broadcaster; count: number }[] = [];
  #incarnations = 0;
  #hasLostTail = false;
  #hasClosed = false;
  #barriers = 0;
  #stage = "at the start";
  #failedAt: string | undefined;

  constructor(random: Random, log: FaultyLog) {
    this.#random = random;
    this.#log = log;
    this.#ids = log.join();
    this.#historyEvents = random.pick([3, 30, 10_000]);
  }

  /** Where it is, for a report. */
  get state(): string {
    if (this.#failedAt !== undefined) return this.#failedAt;
    const nodes = this.#nodes.map(({ name, feed }) => {
      const { ok, error } = feed.health();
      return `${name} ${feed.state === "closed" ? "closed" : ok ? "well" : `unwell (${error})`}`;
    });
    const clients = this.#clients.map(({ state }) => state);
    return `${this.#stage}, nodes ${nodes.join(", ")}, clients ${clients.join(", ")}`;
  }

  async play(): Promise<Outcome> {
    try {
      return await this.#play();
    } catch (error) {
      this.#failedAt = this.state;
      throw error;
    }
  }

  async #play(): Promise<Outcome> {
    const random = this.#random;
    for (let i = 0; i < 3; i++) this.#nodes.push(this.#node());
    for (let i = 0; i < 6; i++) {
      this.#clients.push(this.#client(() => this.#pick()));
    }
    for (const client of this.#clients) await client.placed();

    for (let step = 5 + random.below(15); step > 0; step--) {
      const node = random.pick(this.#nodes);
      for (let i = random.below(8); i > 0; i--) this.#publish(node);
      await this.#doSomething(step);
      if (random.oneIn(2)) await sleep(random.below(12));
    }

    this.#stage = "while publishing ends";
    await within(Promise.all(this.#publishing), "everything was published or given up");
    await this.#readByAll();
    for (const { feed } of this.#nodes) await until(() => feed.health().ok, "each node is well");
    this.#stage = "in the account";
    return this.#check(await this.#log.dump());
  }

  async end(): Promise<void> {
    this.#stage = "while clients leave";
    for (const client of this.#clients) await client.leave();
    this.#stage = "while nodes close";
    for (const { feed } of this.#nodes) await feed.close();
    this.#stage = "after the end";
    try {
      const deadline = performance.now() + LONGEST_FAREWELL;
      while (!await this.#log.isQuiet()) {
        if (performance.now() > deadline) throw new Error("A connection was left behind");
        await sleep(50);
      }
    } finally {
      await this.#log.close();
    }
  }

  /**
   * Waits until all nodes and clients have read to the end, and what the nodes then had to say. When the log loses its end, and
   * soon after its beginning too, a node or a client that reads nothing in between does not learn of the first; and what one
   * node alone had read cannot be missed by anybody once that node has ended. Both are more than is promised.
   */
  async #readByAll(): Promise<void> {
    this.#hasLostTail = false;
    this.#hasClosed = false;
    const watchers = this.#nodes.map(({ feed }) => this.#client(() => feed));
    try {
      for (const watcher of watchers) await watcher.placed();
      // A node that has read to the end has noticed what there was to notice, and what it says of that precedes its next event.
      await this.#barrier([this.#nodes[0]!.feed], watchers);
      await this.#barrier(this.#nodes.map(({ feed }) => feed), [...watchers, ...this.#clients]);
    } finally {
      for (const watcher of watchers) await watcher.leave();
    }
  }

  /** Publishes on these nodes what these clients then wait for. */
  async #barrier(feeds: readonly Broadcaster[], clients: readonly HoppingClient[]): Promise<void> {
    const sent: { data: string; id: string }[] = [];
    for (const feed of feeds) {
      const data = `barrier ${this.#barriers++}`;
      this.#stage = `${this.#stage.split(", ")[0]}, ${data}`;
      sent.push({ data, id: await within(feed.publish(data), `${data} was published`) });
    }
    for (const client of clients) {
      const passed = () =>
        sent.every(({ data, id }) =>
          client.hasSeen(data) || client.isTold((notice) => this.#covers(notice, id))
        );
      await until(passed, `a client passed ${JSON.stringify(sent)}`).catch((error) => {
        throw new Error(`${error.message}; it is ${client.state} and received ${client.summary()}`);
      });
    }
  }

  /** Whether a gap says of an entry that it may be missing. */
  #covers({ requested, resumedAt, faults }: Notice, id: string): boolean {
    const { compare } = this.#ids;
    if (compare(id, requested) > 0 && compare(id, resumedAt) <= 0) return true;
    // The log was set back, and what came after that was published after the place from which it goes on before that.
    return compare(requested, resumedAt) > 0 && compare(id, resumedAt) <= 0 &&
      this.#setBacks.some((each) => faults.count >= each.faults && compare(id, each.survivor) > 0);
  }

  async #destroy(destroying: Promise<readonly BackplaneEntry[]>): Promise<void> {
    const faults = { count: Infinity };
    this.#faults = faults;
    this.#destroyed.push(...await destroying);
    faults.count = this.#destroyed.length;
    const { survivor } = this.#log;
    if (survivor !== undefined) this.#setBacks.push({ survivor, faults: faults.count });
  }

  /** A client that comes, and comes back, to the nodes that it is given. */
  #client(pick: () => Broadcaster): HoppingClient {
    return new HoppingClient(
      (lastEventId) => pick().subscribe(request({ lastEventId }), { topics: "*" }).body!,
      { faults: () => this.#faults },
    );
  }

  #pick(): Broadcaster {
    return this.#random.pick(this.#nodes).feed;
  }

  #node() {
    const feed = new Broadcaster({
      backplane: this.#log.join(),
      history: { events: this.#historyEvents },
      publishTimeout: 10_000,
      onError: () => {},
    });
    return { name: `${this.#incarnations++}`, feed, count: 0 };
  }

  #publish(node: { name: string; feed: Broadcaster; count: number }): void {
    const data = `${node.name}:${node.count++}`;
    this.#publishing.push(node.feed.publish(data).then(() => this.#acknowledged.add(data), () => {}));
  }

  async #doSomething(step: number): Promise<void> {
    const random = this.#random;
    const log = this.#log;
    const what = random.below(12);
    this.#stage = `${step} steps before the end (${FAULTS[what] ?? "hop"})`;
    switch (what) {
      case 0:
        if (this.#hasLostTail) await this.#readByAll();
        return await this.#destroy(log.trim(random.below(6)));
      case 1:
        if (this.#hasLostTail || this.#hasClosed) await this.#readByAll();
        this.#hasLostTail = true;
        return await this.#destroy(log.loseTail(1 + random.below(6)));
      case 2:
        if (this.#hasLostTail) await this.#readByAll();
        if (random.oneIn(2)) await this.#destroy(log.wipe());
        return;
      case 3:
      case 4:
        return await log.disconnect();
      case 5:
        return log.loseAcks(1 + random.below(4));
      case 6: {
        if (this.#hasLostTail) await this.#readByAll();
        this.#hasClosed = true;
        const index = random.below(this.#nodes.length);
        const [old] = this.#nodes.splice(index, 1, this.#node());
        return void old!.feed.close();
      }
      default:
        for (let i = random.below(4); i > 0; i--) random.pick(this.#clients).hop();
    }
  }

  #check(left: readonly BackplaneEntry[]): Outcome {
    const { compare } = this.#ids;
    // Where each message lay in the log: more than once, if it was sent again.
    const places = new Map<string, { id: string; destroyed: number }[]>();
    const positions: [id: string, destroyed: number][] = [];
    const note = ({ id, payload }: BackplaneEntry, destroyed: number) => {
      positions.push([id, destroyed]);
      if (payload === undefined) return;
      const { data } = JSON.parse(payload) as { data: string };
      if (!places.has(data)) places.set(data, []);
      places.get(data)!.push({ id, destroyed });
    };
    for (const [index, entry] of this.#destroyed.entries()) note(entry, index);
    for (const entry of left) note(entry, Infinity);

    const isGivenAgain = (id: string) => positions.filter(([other]) => other === id).length > 1;
    const isGone = (id: string, faults: number) =>
      positions.some(([other, destroyed]) => other === id && destroyed < faults);

    let gaps = 0;
    let doubled = 0;
    for (const client of this.#clients) {
      const notices: Notice[] = [];
      const seen = new Set<string>();
      const latest = new Map<string, number>();
      let place = client.first!;
      let isAfterGap = false;
      for (const step of client.steps) {
        if (step.kind === "gap") {
          const { requested, resumedAt, faults: { count } } = step;
          const reason = positions.find(([id, destroyed]) =>
            destroyed < count && (compare(id, requested) >= 0 || compare(id, resumedAt) >= 0)
          );
          assert.ok(
            reason !== undefined,
            `nothing was lost, and yet a gap: ${JSON.stringify(step)} ${client.summary()}`,
          );
          notices.push(step);
          place = resumedAt;
          isAfterGap = true;
          continue;
        }
        const { data, id } = step;
        // The entry at which it goes on after a gap may arrive all the same.
        assert.ok(compare(id, place) > (isAfterGap ? -1 : 0), `${data} with ${id} came after ${place}`);
        isAfterGap = false;
        place = id;
        if (seen.has(data)) {
          doubled++;
          // Sent again by its publisher, or lost by the log, and met again at a node that had not heard of that yet.
          const copies = places.get(data)!;
          const isExcused = copies.length > 1 || copies[0]!.destroyed < Infinity;
          assert.ok(isExcused, `${data} came twice, and lay once in the log: ${client.summary()}`);
          continue;
        }
        seen.add(data);
        const [name, number] = data.split(":");
        // A copy may take the place of a first attempt that is gone, and comes later than what was published meanwhile.
        const isLate = places.get(data)!.length > 1;
        const before = latest.get(name!) ?? -1;
        assert.ok(
          number === undefined || isLate || Number(number) > before,
          `${data} came after ${before}: ${client.summary()}`,
        );
        latest.set(name!, Math.max(before, Number(number)));
      }
      gaps += notices.length;
      for (const data of this.#acknowledged) {
        if (seen.has(data)) continue;
        const copies = places.get(data)!;
        const told = copies.some(({ id, destroyed }) =>
          notices.some((notice) => {
            const { requested, resumedAt, reason, faults: { count } } = notice;
            const wasGone = destroyed < count;
            return this.#covers(notice, id) || /^(lost|unknown)/.test(reason) && wasGone ||
              // Wiped and written anew within a millisecond: an id that was given twice says nothing of the order.
              wasGone && compare(id, requested) > 0 && (isGivenAgain(id) || isGivenAgain(resumedAt)) ||
              // The log was set back within a millisecond: this entry has the id of one that was lost before the gap.
              !wasGone && isGone(id, count) && compare(requested, resumedAt) > 0 &&
                compare(id, resumedAt) <= 0;
          })
        );
        assert.ok(
          told,
          `${data} at ${
            copies.map(({ id, destroyed }) => `${id} (${destroyed})`)
          } was lost, and nobody told; ` +
            `received: ${client.summary()}`,
        );
      }
    }
    const received = this.#clients.reduce((sum, { steps }) => sum + steps.length, 0);
    return { published: this.#acknowledged.size, received, gaps, destroyed: this.#destroyed.length, doubled };
  }
}
