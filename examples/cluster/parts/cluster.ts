/** Starts what visitors may break: Redis, the nodes, and what publishes. */

import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { freePort } from "./free_port.ts";
import { type Outage, Outages } from "./outages.ts";
import type { Runtime } from "./programs.ts";
import { Writer } from "./writer.ts";

const NODES = 3;
const program = fileURLToPath(new URL("../node.ts", import.meta.url));

/** What the page shows of a process. */
export interface ChildFigures {
  readonly name: string;
  /** What it runs on. */
  readonly what: string;
  readonly state: string;
  /** Whether it reads and writes the log; only of a node that is up. */
  readonly ok?: boolean;
  readonly clients?: number;
}

/** What the page shows of the cluster. */
export interface Figures {
  readonly redis: ChildFigures;
  readonly nodes: readonly ChildFigures[];
  /** The last number that was acknowledged, and how many wait to be. */
  readonly acknowledged: number;
  readonly waiting: number;
  /** Who was away when, the oldest first, and the time now by the same clock. */
  readonly outages: readonly Outage[];
  readonly now: number;
}

interface Node {
  readonly child: Child;
  readonly port: number;
  readonly what: string;
}

export class Cluster {
  readonly #redis: Child;
  readonly #nodes: readonly Node[];
  readonly #writer: Writer;
  readonly #outages: Outages;

  private constructor(redis: Child, nodes: readonly Node[], writer: Writer, outages: Outages) {
    this.#redis = redis;
    this.#nodes = nodes;
    this.#writer = writer;
    this.#outages = outages;
  }

  /** Starts all, with what is to be kept in `folder`. */
  static async start(redisServer: string, runtimes: readonly Runtime[], folder: string): Promise<Cluster> {
    const outages = new Outages();
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const redis = new Child("redis", {
      // Every command is written to a file before it is answered, so a Redis that is killed loses nothing: by default a
      // disk that is slow to sync lets it answer first.
      command: [
        ...[redisServer, "--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
        ...["--appendonly", "yes", "--appendfsync", "always"],
      ],
      port,
      outages,
    });
    const nodes: Node[] = [];
    for (let i = 0; i < NODES; i++) {
      const runtime = runtimes[i % runtimes.length]!;
      const name = runtimes.length < NODES ? `${runtime.name}-${i + 1}` : runtime.name;
      const port = await freePort();
      const env = { PORT: `${port}`, HOST: "127.0.0.1", REDIS_URL: url, NODE_NAME: name };
      const child = new Child(name, { command: [...runtime.command, program], env, port, outages });
      nodes.push({ child, port, what: `${runtime.name} ${runtime.version}` });
    }
    await redis.start();
    const cluster = new Cluster(redis, nodes, new Writer(url), outages);
    try {
      await Promise.all(nodes.map(({ child }) => child.start()));
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Where the nodes listen. */
  get ports(): readonly number[] {
    return this.#nodes.map(({ port }) => port);
  }

  /** A process by its name. */
  find(name: string): Child | undefined {
    return [this.#redis, ...this.#nodes.map(({ child }) => child)].find((child) => child.name === name);
  }

  async figures(): Promise<Figures> {
    const { acknowledged, waiting } = this.#writer;
    const redis = { name: "redis", what: "Redis", state: this.#redis.state };
    const nodes = await Promise.all(this.#nodes.map(figuresOf));
    return { redis, nodes, acknowledged, waiting, outages: this.#outages.list, now: Date.now() };
  }

  async close(): Promise<void> {
    // A number that waits for a Redis that is not there would keep this from ending.
    await Promise.race([this.#writer.close(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    await Promise.all(this.#nodes.map(({ child }) => child.end("SIGTERM")));
    await this.#redis.end("SIGTERM");
  }
}

async function figuresOf({ child, port, what }: Node): Promise<ChildFigures> {
  const { name, state } = child;
  if (state !== "up") return { name, what, state };
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(1_000) });
    const { ok, clients } = await response.json() as { ok: boolean; clients: number };
    return { name, what, state, ok, clients };
  } catch {
    // Killed just now, frozen, or busy: what it could say of Redis is not known.
    return { name, what, state: "silent" };
  }
}
