/**
 * Runs Broadcasters over one engine, each with connections of its own, and clients that keep account of what they
 * receive.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Backplane } from "../../lib/cluster/backplane.ts";
import { Broadcaster, type BroadcasterOptions, type TidingsError } from "../../mod.ts";
import { MemoryClient, request } from "./memory_client.ts";
import type { Relay } from "./relay.ts";
import { PATIENCE, sleep, until } from "./wait.ts";

/** An engine, with one log, and what may be done to it. */
export interface EngineServer {
  /** The log as one more process sees it, over connections of its own, which all go through a relay. */
  join(): Promise<{ readonly backplane: Backplane; readonly relay: Relay; leave(): Promise<void> }>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it once more, with what it kept. */
  run(): Promise<void>;
  /** SIGSTOP. */
  freeze(): Promise<void> | void;
  /** SIGCONT. */
  thaw(): void;
  /** Forgets everything while it runs. */
  wipe(): Promise<void>;
  /** Kills it, loses what was appended since `remember`, and starts it once more. Left out where that cannot be done. */
  readonly rewind?: {
    /** Whether ids that were lost are then given to other entries. */
    readonly givesIdsAgain: boolean;
    remember(): Promise<void>;
    rewind(): Promise<void>;
  };
  /** Ends it, and leaves nothing behind. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** Entries that the log keeps, about. Default: as many as a test needs. */
  readonly maxMessages?: number;
  /** Whether a restart loses nothing, or everything. Default: true. */
  readonly persistent?: boolean;
}

export interface Engine {
  readonly name: string;
  /** Why it cannot run here. */
  readonly skip: string | false;
  start(options: EngineOptions): Promise<EngineServer>;
}

export interface Node {
  readonly feed: Broadcaster;
  readonly relay: Relay;
  readonly errors: TidingsError[];
}

export class Cluster {
  readonly server: EngineServer;
  readonly nodes: Node[] = [];
  readonly witnesses: Witness[] = [];
  /** The numbers that were published and acknowledged, by node. */
  readonly acknowledged: Set<number>[] = [];
  readonly #counts: number[] = [];
  readonly #leave: (() => Promise<void>)[] = [];

  private constructor(server: EngineServer) {
    this.server = server;
  }

  /** Starts an engine and some nodes, and waits until they are ready. */
  static async start(
    engine: Engine,
    { nodes = 2, broadcaster = {}, ...options }: EngineOptions & {
      nodes?: number;
      broadcaster?: BroadcasterOptions;
    },
  ): Promise<Cluster> {
    const cluster = new Cluster(await engine.start(options));
    try {
      while (cluster.nodes.length < nodes) await cluster.add(broadcaster);
      await cluster.healthy();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Adds a node. */
  async add(options: BroadcasterOptions = {}): Promise<Node> {
    const { backplane, relay, leave } = await this.server.join();
    const errors: TidingsError[] = [];
    const onError = (error: TidingsError) => errors.push(error);
    const feed = new Broadcaster({ publishTimeout: 30_000, ...options, backplane, onError });
    const node = { feed, relay, errors };
    this.nodes.push(node);
    this.#leave.push(leave);
    this.#counts.push(0);
    this.acknowledged.push(new Set());
    return node;
  }

  /** Waits until every node says that it is well. */
  async healthy(ms: number = PATIENCE): Promise<void> {
    await until(
      () => this.nodes.every(({ feed }) => feed.state === "closed" || feed.health().ok),
      "all nodes are well",
      ms,
    );
  }

  /** Clients of every node, which are connected before anything is published. */
  async witness(each = 2): Promise<void> {
    for (const { feed } of this.nodes) {
      for (let i = 0; i < each; i++) this.witnesses.push(new Witness(feed));
    }
    for (const witness of this.witnesses) await witness.placed();
  }

  /** Publishes the next numbers on a node, one every few milliseconds. Resolves when all are acknowledged or refused. */
  async publish(
    count: number,
    { node = 0, every = 2 }: { node?: number; every?: number } = {},
  ): Promise<void> {
    const { feed } = this.nodes[node]!;
    const outcomes: Promise<unknown>[] = [];
    for (let i = 0; i < count; i++) {
      const number = this.#counts[node]!++;
      outcomes.push(
        feed.publish(`${node}:${number}`).then(() => this.acknowledged[node]!.add(number), () => {}),
      );
      if (every > 0) await sleep(every);
    }
    await Promise.all(outcomes);
  }

  /** Waits until all have received the last of all that was acknowledged, and checks the account of each. */
  async settle({ gaps, ms = PATIENCE }: { gaps?: number | undefined; ms?: number } = {}): Promise<void> {
    const last = this.acknowledged.map((numbers, node) => ({ node, number: Math.max(-1, ...numbers) }));
    for (const [index, witness] of this.witnesses.entries()) {
      const reached = () => last.every(({ node, number }) => witness.last(node) >= number);
      await until(reached, `client ${index} has the last that was acknowledged`, ms).catch((error) => {
        throw new Error(
          `${error.message}; it has ${last.map(({ node }) => witness.last(node))}, not ${
            last.map(({ number }) => number)
          }, after ${witness.gaps} gaps; ${this.nodes.map(({ errors }) => errors.join("; ")).join(" | ")}`,
        );
      });
      witness.check(this.acknowledged);
      if (gaps !== undefined) assert.equal(witness.gaps, gaps, `gaps of client ${index}`);
    }
  }

  /** Ends everything, the engine too. */
  async stop(): Promise<void> {
    for (const witness of this.witnesses) await witness.leave();
    for (const { feed, relay } of this.nodes) {
      relay.release();
      // What cannot be published any more is not waited for.
      void feed.close();
    }
    for (const leave of this.#leave) await leave();
    for (const { relay } of this.nodes) await relay.close();
    await this.server.stop();
  }
}

/** A client that keeps account of what it receives. */
export class Witness {
  /** What came, in order: a number of a node, or a gap. */
  readonly steps: ({ readonly node: number; readonly number: number } | "gap")[] = [];
  #client: MemoryClient;
  /** Its last id, also from earlier connections. */
  #lastEventId: string | undefined;
  #taken = 0;
  #left = false;

  constructor(feed: Broadcaster) {
    this.#client = this.#connect(feed, undefined);
    void this.#read();
  }

  get gaps(): number {
    return this.steps.filter((step) => step === "gap").length;
  }

  /** The last number of a node that it received; -1 if none. */
  last(node: number): number {
    for (let i = this.steps.length - 1; i >= 0; i--) {
      const step = this.steps[i]!;
      if (step !== "gap" && step.node === node) return step.number;
    }
    return -1;
  }

  /** Waits until it has an id to come back with. */
  async placed(): Promise<void> {
    await until(() => this.#client.lastEventId !== undefined, "the client has a place");
  }

  /** Whether its stream is still there. */
  get isConnected(): boolean {
    return this.#client.ended === "no";
  }

  /** Breaks off, and comes back to a node with its last id, as an EventSource does. */
  async move(feed: Broadcaster): Promise<void> {
    const client = this.#client;
    await client.leave().catch(() => {});
    // What arrived until then counts, for its id does.
    this.#take();
    this.#lastEventId = client.lastEventId ?? this.#lastEventId;
    this.#client = this.#connect(feed, this.#lastEventId);
  }

  async leave(): Promise<void> {
    this.#left = true;
    await this.#client.leave().catch(() => {});
  }

  /**
   * Nothing doubled, nothing out of order, and nothing missing that was acknowledged, unless a gap lies where it would
   * have been.
   */
  check(acknowledged: readonly ReadonlySet<number>[]): void {
    for (const [node, numbers] of acknowledged.entries()) {
      let last = -1;
      let excused = false;
      for (const step of this.steps) {
        if (step === "gap") excused = true;
        else if (step.node === node) {
          assert.ok(step.number > last, `${step.number} of node ${node} came after ${last}`);
          for (let n = last + 1; n < step.number && !excused; n++) {
            assert.ok(!numbers.has(n), `${n} of node ${node} was lost, and nobody told`);
          }
          last = step.number;
          excused = false;
        }
      }
    }
  }

  #connect(feed: Broadcaster, lastEventId: string | undefined): MemoryClient {
    this.#taken = 0;
    return new MemoryClient(feed.subscribe(request({ lastEventId }), { topics: "*" }));
  }

  async #read(): Promise<void> {
    while (!this.#left) {
      await this.#client.settle();
      this.#take();
      await sleep(5);
    }
  }

  #take(): void {
    const { events } = this.#client;
    for (; this.#taken < events.length; this.#taken++) {
      const { event, data } = events[this.#taken]!;
      const [node, number] = data.split(":");
      if (event === "gap") this.steps.push("gap");
      else this.steps.push({ node: Number(node), number: Number(number) });
    }
  }
}
