/** Starts what visitors may break: the engine, the nodes, and what publishes. */

import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { type Engine, startEngine } from "./engine.ts";
import { type EngineSetting, settingsOf } from "./engines.ts";
import { freePort } from "./free_port.ts";
import { sharedLog } from "./log.ts";
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

/** What the page shows of the engine. */
export interface EngineFigures {
  readonly name: string;
  /** Its name, as people write it. */
  readonly title: string;
  /** As that of a process; or "file" if it has no server, or "elsewhere" if that is not this program's to kill. */
  readonly state: string;
}

/** What the page shows of the cluster. */
export interface Figures {
  readonly engine: EngineFigures;
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
  readonly #engine: Engine;
  readonly #nodes: readonly Node[];
  readonly #writer: Writer;
  readonly #outages: Outages;

  private constructor(engine: Engine, nodes: readonly Node[], writer: Writer, outages: Outages) {
    this.#engine = engine;
    this.#nodes = nodes;
    this.#writer = writer;
    this.#outages = outages;
  }

  /** Starts all, with what is to be kept in `folder`. */
  static async start(setting: EngineSetting, runtimes: readonly Runtime[], folder: string): Promise<Cluster> {
    const outages = new Outages();
    const engine = await startEngine(setting, folder, outages);
    const log = sharedLog(engine.name, engine.address);
    const nodes: Node[] = [];
    for (let i = 0; i < NODES; i++) {
      const runtime = runtimes[i % runtimes.length]!;
      const name = runtimes.length < NODES ? `${runtime.name}-${i + 1}` : runtime.name;
      const port = await freePort();
      const env = {
        PORT: `${port}`,
        HOST: "127.0.0.1",
        NODE_NAME: name,
        ...settingsOf(engine.name, engine.address),
      };
      const child = new Child(name, { command: [...runtime.command, program], env, port, outages });
      nodes.push({ child, port, what: `${runtime.name} ${runtime.version}` });
    }
    const cluster = new Cluster(engine, nodes, new Writer(log), outages);
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

  /** The processes that may be killed. */
  get children(): readonly Child[] {
    const { server } = this.#engine;
    return [...(server === undefined ? [] : [server]), ...this.#nodes.map(({ child }) => child)];
  }

  async figures(): Promise<Figures> {
    const { acknowledged, waiting } = this.#writer;
    const { name, title, server } = this.#engine;
    const engine = { name, title, state: server?.state ?? (name === "sqlite" ? "file" : "elsewhere") };
    const nodes = await Promise.all(this.#nodes.map(figuresOf));
    return { engine, nodes, acknowledged, waiting, outages: this.#outages.list, now: Date.now() };
  }

  async close(): Promise<void> {
    // A number that waits for an engine that is not there would keep this from ending.
    await Promise.race([this.#writer.close(), new Promise((resolve) => setTimeout(resolve, 1_000))]);
    await Promise.all(this.#nodes.map(({ child }) => child.end("SIGTERM")));
    await this.#engine.server?.end("SIGTERM");
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
    // Killed just now, frozen, or busy: what it could say of the log is not known.
    return { name, what, state: "silent" };
  }
}
