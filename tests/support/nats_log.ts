/**
 * Makes a stream of a real JetStream, with the faults that the property test of a cluster asks for.
 *
 * @module
 */

import type { Backplane, BackplaneEntry } from "../../lib/cluster/backplane.ts";
import { jetStream } from "../../lib/nats/mod.ts";
import type { FaultyLog } from "./cluster_property.ts";
import { type NatsClient, NatsServer } from "./nats.ts";
import { Relay } from "./relay.ts";
import { sleep } from "./wait.ts";

const stream = "events";

/** Again until it succeeds: the operator's connection breaks, too. */
async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 0;; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt > 50) throw error;
      await sleep(50);
    }
  }
}

export class JetStreamLog implements FaultyLog {
  readonly #server: NatsServer;
  readonly #operator: NatsClient;
  readonly #relays: Relay[] = [];
  readonly #clients: Promise<NatsClient>[] = [];
  #isHeld = false;
  survivor: string | undefined;

  private constructor(server: NatsServer, operator: NatsClient) {
    this.#server = server;
    this.#operator = operator;
  }

  static async start(): Promise<JetStreamLog> {
    const server = await NatsServer.start();
    const log = new JetStreamLog(server, await server.connect());
    await log.dump();
    await log.disconnect();
    return log;
  }

  join(): Backplane {
    const client = Relay.start(this.#server.port).then((relay) => {
      this.#relays.push(relay);
      if (this.#isHeld) relay.hold();
      return this.#server.connect({ port: relay.port, waitOnFirstConnect: true });
    });
    client.catch(() => {});
    this.#clients.push(client);
    return jetStream(client.then(({ client }) => client), { stream });
  }

  async dump(): Promise<readonly BackplaneEntry[]> {
    return await persist(async () => {
      const reader = await jetStream(this.#operator.client, { stream }).open();
      try {
        return await reader.before(undefined, 100_000);
      } finally {
        reader.close();
      }
    });
  }

  trim(keep: number): Promise<readonly BackplaneEntry[]> {
    // JetStream takes 0 for all.
    return this.#destroy(async () => {
      const manager = await this.#operator.manager();
      await manager.streams.purge(stream, { keep: Math.max(1, keep) });
    });
  }

  /** As much as was appended since the last time that it was killed. */
  loseTail(): Promise<readonly BackplaneEntry[]> {
    return this.#destroy(async () => {
      await this.#server.kill();
      this.#server.restoreStore();
      await this.#server.run();
    });
  }

  wipe(): Promise<readonly BackplaneEntry[]> {
    return this.#destroy(async () => void await (await this.#operator.manager()).streams.delete(stream));
  }

  /** Kills the server, and remembers what it had. */
  async disconnect(): Promise<void> {
    await this.#server.kill();
    this.#server.saveStore();
    await this.#server.run();
  }

  loseAcks(): void {
    for (const relay of this.#relays) relay.deafen();
    setTimeout(() => {
      for (const relay of this.#relays) relay.cut();
    }, 20);
  }

  async isQuiet(): Promise<boolean> {
    return await persist(() => this.#operator.consumers(stream)) === 0;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await (await client).close();
    for (const relay of this.#relays) await relay.close();
    await this.#operator.close();
    await this.#server.stop();
  }

  /** Does it while nobody can append, and says what is gone. */
  async #destroy(run: () => Promise<void>): Promise<readonly BackplaneEntry[]> {
    this.#isHeld = true;
    for (const relay of this.#relays) relay.hold();
    try {
      // What was on its way arrives.
      let before = await this.dump();
      for (let size = -1; size !== before.length;) {
        size = before.length;
        await sleep(50);
        before = await this.dump();
      }
      await persist(run);
      const left = new Set((await this.dump()).map(({ id }) => id));
      this.survivor = [...left].at(-1);
      return before.filter(({ id }) => !left.has(id));
    } finally {
      this.#isHeld = false;
      for (const relay of this.#relays) relay.release();
    }
  }
}
