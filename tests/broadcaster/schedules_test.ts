/**
 * Runs random schedules against a simple model: whatever happens, every client receives exactly its events, in order, or a gap
 * that covers exactly what it missed.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type Gap, type LagPolicy } from "../../mod.ts";
import { gzip } from "../../lib/compression/mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { Random } from "../support/random.ts";

const SCHEDULES = 5_000;
const TOPICS = ["a", "b", "c"];

interface Published {
  topic: string | undefined;
  key: string | undefined;
  n: number;
}

type Step =
  | { kind: "event"; id: string; n: number }
  | { kind: "gap"; gap: Gap; published: number }
  | { kind: "resume"; id: string; own: boolean };

const compression = gzip({ threshold: 60 });
const isEven = ({ data }: { data?: unknown }) => (data as { n: number }).n % 2 === 0;

/** One client over all its connections, and all that it was told. */
class Visitor {
  readonly topics: string[] | "*";
  readonly isFiltered: boolean;
  /** Takes gzip: beside clients that do not, and all the same. */
  readonly isPacked: boolean;
  readonly filter: typeof isEven | undefined;
  readonly steps: Step[] = [];
  client: MemoryClient | undefined;
  start: string | undefined;
  #read = 0;
  /** How many events there were when it connected. */
  #published = 0;

  constructor(random: Random) {
    this.topics = random.oneIn(4) ? "*" : TOPICS.filter(() => random.oneIn(2));
    this.isFiltered = random.oneIn(3);
    this.isPacked = random.oneIn(3);
    // The same function for all, or one of its own.
    this.filter = this.isFiltered ? (random.oneIn(2) ? isEven : (event) => isEven(event)) : undefined;
  }

  wants({ topic, n }: Published): boolean {
    return (topic === undefined || this.topics === "*" || this.topics.includes(topic)) &&
      (!this.isFiltered || n % 2 === 0);
  }

  connect(feed: Broadcaster, tip: string, lastEventId: string | undefined, own: boolean): void {
    this.start ??= tip;
    // One that left before it had read a byte is new again.
    this.steps.push(
      lastEventId === undefined
        ? { kind: "resume", id: tip, own: false }
        : { kind: "resume", id: lastEventId, own },
    );
    const { topics, filter } = this;
    this.client = new MemoryClient(
      feed.subscribe(request({ lastEventId, packed: this.isPacked }), { topics, filter }),
    );
    this.client.lastEventId ??= lastEventId;
    this.#read = 0;
    this.#published = seqOf(tip);
  }

  collect(): void {
    if (this.client === undefined) return;
    for (; this.#read < this.client.events.length; this.#read++) {
      const { event, data, id } = this.client.events[this.#read]!;
      if (event !== "gap") this.steps.push({ kind: "event", id: id!, n: JSON.parse(data).n });
      else this.steps.push({ kind: "gap", gap: JSON.parse(data), published: this.#published });
    }
  }
}

const epochOf = (id: string) => id.split("-")[0]!;
const seqOf = (id: string) => Number(id.split("-")[1]);

/** Walks through what a visitor was told, holding it against what was published. */
function check(visitor: Visitor, lives: Map<string, Published[]>, policy: LagPolicy): void {
  let at = visitor.start!;
  /** Events that the visitor wanted, after `from` and up to `to`, and that nothing newer has replaced. */
  const missedBetween = (from: string, to: number) =>
    lives.get(epochOf(from))!.slice(seqOf(from), to).filter((event, i) => {
      const seq = seqOf(from) + i + 1;
      const replaced = policy === "latest" && event.key !== undefined &&
        lives.get(epochOf(from))!.slice(seq).some((newer) => newer.key === event.key && visitor.wants(newer));
      return visitor.wants(event) && !replaced;
    });
  for (const step of visitor.steps) {
    if (step.kind === "event") {
      assert.equal(epochOf(step.id), epochOf(at), "an event of another life without a gap");
      assert.ok(seqOf(step.id) > seqOf(at), `${step.id} after ${at}: out of order, or twice`);
      const event = lives.get(epochOf(at))![seqOf(step.id) - 1]!;
      assert.equal(event.n, step.n, "another event's data");
      assert.ok(visitor.wants(event), `${step.id} was not for this client`);
      assert.deepEqual(missedBetween(at, seqOf(step.id) - 1), [], `lost between ${at} and ${step.id}`);
      at = step.id;
    } else if (step.kind === "resume") {
      // Its own last id is where it was; another one is its own wish to go elsewhere.
      if (step.own && epochOf(step.id) === epochOf(at)) {
        assert.ok(seqOf(step.id) >= seqOf(at), "the last id went backwards");
        assert.deepEqual(
          missedBetween(at, seqOf(step.id)),
          [],
          `lost between ${at} and the last id ${step.id}`,
        );
      }
      at = step.id;
    } else {
      const { requested, resumedAt, reason } = step.gap;
      if (reason === "trimmed") {
        assert.equal(epochOf(requested), epochOf(at));
        // Without messages of their own, failing assertions take a minute to be printed.
        assert.ok(seqOf(requested) >= seqOf(at), `a gap from ${requested}, and it was at ${at} already`);
        assert.ok(seqOf(resumedAt) > seqOf(requested), `an empty gap from ${requested} to ${resumedAt}`);
        assert.deepEqual(missedBetween(at, seqOf(requested)), [], `lost before the gap, after ${at}`);
        const covered = lives.get(epochOf(at))!.slice(seqOf(requested), seqOf(resumedAt));
        // What a filter would have said of events that are gone, nobody knows.
        const { topics } = visitor;
        const concerned = covered.some(({ topic }) =>
          topic === undefined || topics === "*" || topics.includes(topic)
        );
        assert.ok(concerned, "a gap although nothing was missed");
      } else if (reason === "epoch") assert.notEqual(epochOf(resumedAt), epochOf(requested));
      else assert.ok(seqOf(requested) > step.published, `${requested} was ours and was called invalid`);
      at = resumedAt;
    }
  }
  const life = lives.get(epochOf(at))!;
  assert.deepEqual(missedBetween(at, life.length), [], `lost at the end, after ${at}`);
}

async function runSchedule(random: Random): Promise<void> {
  // With chance of its own: each life of a log has another epoch.
  const clock = turnedClock({ random: Math.random });
  const policy = random.pick<LagPolicy>(["disconnect", "skip", "latest"]);
  const history = {
    events: 1 + random.below(12),
    bytes: 300 + random.below(2_000),
    age: 5 + random.below(60),
  };
  const lives = new Map<string, Published[]>();
  const ids: string[] = [];
  const published: [id: string, promise: Promise<string>][] = [];
  let feed!: Broadcaster;
  let life!: Published[];
  let tip!: string;
  const restart = async () => {
    feed = new Broadcaster({ history, lagPolicy: policy, lagTimeout: Infinity, clock, compression });
    // The first event of a life tells its epoch.
    tip = await feed.publish({ data: { n: 0 } });
    lives.set(epochOf(tip), life = [{ topic: undefined, key: undefined, n: 0 }]);
  };
  const publish = () => {
    const event: Published = {
      topic: random.oneIn(4) ? undefined : random.pick(TOPICS),
      key: random.oneIn(2) ? undefined : random.pick(["k1", "k2"]),
      n: random.below(100),
    };
    const pad = "é".repeat(random.below(40));
    const promise = feed.publish({ data: { n: event.n, pad }, topic: event.topic, key: event.key });
    life.push(event);
    // To wait for it would end the turn.
    tip = `${epochOf(tip)}-${life.length}`;
    published.push([tip, promise]);
    ids.push(tip);
  };
  const visitors = Array.from({ length: 4 }, () => new Visitor(random));
  /** The end of a life: all connections break. */
  const end = async () => {
    for (const { client } of visitors) if (client?.ended === "no") await client.leave();
    await feed.close();
  };
  await restart();

  const steps = 20 + random.below(60);
  for (let i = 0; i < steps; i++) {
    const visitor = random.pick(visitors);
    const { client } = visitor;
    switch (random.below(9)) {
      case 0:
      case 1:
      case 2:
        for (let count = random.below(6); count >= 0; count--) publish();
        if (random.oneIn(2)) await Promise.resolve();
        break;
      case 3:
      case 4:
        await client?.settle();
        break;
      case 5:
        if (client?.ended === "no") void client.read();
        break;
      case 6:
        clock.pass(random.below(30));
        break;
      case 7:
        if (client === undefined) visitor.connect(feed, tip, undefined, true);
        else {
          if (client.ended === "no") await client.leave();
          visitor.collect();
          const own = !random.oneIn(4);
          const forged = random.oneIn(2)
            ? `${epochOf(tip)}-${life.length + 1 + random.below(5)}`
            : random.pick([...ids, tip]);
          visitor.connect(feed, tip, own ? client.lastEventId : forged, own);
        }
        break;
      case 8:
        if (!random.oneIn(4)) break;
        await end();
        await restart();
    }
  }

  // In the end everybody comes back and reads all.
  for (const visitor of visitors) {
    if (visitor.client === undefined) continue;
    for (let tries = 0;; tries++) {
      await visitor.client.settle();
      visitor.collect();
      if (visitor.client.ended === "no") break;
      assert.ok(tries < 5, "a client that reads all is ended again and again");
      visitor.connect(feed, tip, visitor.client.lastEventId, true);
    }
    check(visitor, lives, policy);
  }
  for (const [id, promise] of published) assert.equal(await promise, id, "another id than was to come");
  await end();
  assert.equal(feed.size, 0);
}

test(`${SCHEDULES} random schedules: each client has its events, in order, or a gap that says what it missed`, async () => {
  const first = Number(
    (globalThis as { process?: { env: Record<string, string> } }).process?.env["SEED"] ?? Date.now() % 1e9,
  );
  for (let seed = first; seed < first + SCHEDULES; seed++) {
    try {
      await runSchedule(new Random(seed));
    } catch (error) {
      throw new Error(
        `Seed ${seed} (repeat with SEED=${seed}): ${error instanceof Error ? error.stack : error}`,
      );
    }
  }
});
