/**
 * Opens connections to the node of a cluster that owns a key, and follows keys that move to another node.
 *
 * A cluster's client sends again by itself what a node refused, and over another connection, so that what was published
 * later may arrive earlier. So it is only asked which node owns what; each connection is one to a single node. When that
 * refuses because the key has moved, the connection is given up as if it had broken, and the next one leads to the new
 * node: whatever was sent and not acknowledged is sent again in its order, as after any other failure.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { engineError, saidBy } from "../base/engine_errors.ts";
import { opened, type RedisConnection, type RedisConnector, type RedisSubscriber } from "./connection.ts";
import { wasAnswered } from "./errors.ts";
import { SharedConnections } from "./shared.ts";
import { slotOf } from "./slots.ts";
import { letGo } from "./twins.ts";

type OnMessage = (channel: string, message: string) => void;

/** Opens connections to one node of a cluster. */
export interface NodeConnector extends RedisConnector {
  listen(onMessage: OnMessage, onLost: () => void): Promise<RedisSubscriber>;
  /** As `listen`, for sharded Pub/Sub: its channels lie in slots, as keys do. `onLost` also tells that one has moved. */
  listenToShard(onMessage: OnMessage, onLost: () => void): Promise<RedisSubscriber>;
}

/** What is known of a cluster at one time. */
export interface Topology {
  /** The address of the node that owns a slot, `host:port`. */
  owner(slot: number): string | undefined;
  /** What opens connections to the node at an address, also to one that owns no slot yet. */
  node(address: string): Promise<NodeConnector | undefined>;
  /** Lets go of what was opened to find that out. */
  close(): void;
}

/** A client of a cluster. */
export interface ClusterClient {
  /** What it puts before every key. */
  readonly keyPrefix: string;
  /** Asks the cluster which node owns what. */
  look(): Promise<Topology>;
}

/** Where a node said that the keys of a slot are. */
interface Hint {
  readonly address: string;
  /** Whether the slot is still being moved there: the new node takes a command only if that is said before each. */
  readonly asks: boolean;
}

/** `MOVED 3999 127.0.0.1:6381`. */
const REDIRECTION = /^-?(MOVED|ASK) \d+ (\S+)/;

/** Opens connections to the nodes of a cluster. */
export class ClusterConnector implements RedisConnector {
  readonly #client: ClusterClient;
  readonly #clock: Clock;
  readonly #hints = new Map<number, Hint>();
  /** Where each slot was when it was last heard of. */
  readonly #owners = new Map<number, string>();
  readonly #shared = new SharedConnections();
  #looking: Promise<SharedTopology> | undefined;

  constructor(client: ClusterClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** What the client puts before every key. */
  get keyPrefix(): string {
    return this.#client.keyPrefix;
  }

  /** Opens a connection to the node that owns the key. */
  open(key = ""): Promise<RedisConnection> {
    return this.#toOwner(key, (node) => node.open());
  }

  /** As `open`, but the connection is shared with all others to the same node that were asked for in this way. */
  share(key: string): Promise<RedisConnection> {
    return this.#toOwner(key, (node, address) => this.#shared.connection(address, () => node.open()));
  }

  /** Listens to channels on any node: what is published by PUBLISH reaches all. */
  listen(onMessage: OnMessage, onLost: () => void): Promise<RedisSubscriber> {
    return this.#at(0, undefined, (node) => node.listen(onMessage, onLost));
  }

  /** Listens, over a connection that is shared, to channels of the slot in which this key lies. */
  async listenToShard(key: string, onMessage: OnMessage, onLost: () => void): Promise<RedisSubscriber> {
    const slot = this.#slotOf(key);
    let at: string | undefined;
    const subscriber = await this.#at(slot, this.#moved(slot), (node, address) => {
      at = address;
      return this.#shared.subscriber(
        address,
        (hear, lose) => node.listenToShard(hear, lose),
        onMessage,
        onLost,
      );
    });
    return {
      subscribe: (channels) => subscriber.subscribe(channels),
      unsubscribe: (channels) => subscriber.unsubscribe(channels),
      ping: async () => {
        await subscriber.ping();
        // Redis unsubscribes whoever listens where a slot has gone. One that did not would tell all, and count nobody.
        if ((this.#owners.get(slot) ?? at) !== at) throw new Error("the channels have moved to another node");
      },
      close: () => subscriber.close(),
    };
  }

  #slotOf(key: string): number {
    return slotOf(this.#client.keyPrefix + key);
  }

  /** A hint that the slot has moved, and not one that it is about to. */
  #moved(slot: number): Hint | undefined {
    const hint = this.#hints.get(slot);
    return hint?.asks ? undefined : hint;
  }

  async #toOwner(
    key: string,
    open: (node: NodeConnector, address: string) => Promise<RedisConnection>,
  ): Promise<RedisConnection> {
    const slot = this.#slotOf(key);
    const hint = this.#hints.get(slot);
    const connection = await this.#at(slot, hint, open);
    return {
      send: async (command) => {
        if (hint?.asks) connection.send(["ASKING"]).catch(() => {});
        try {
          return await connection.send(command);
        } catch (error) {
          throw this.#learn(slot, hint, error);
        }
      },
      close: () => connection.close(),
    };
  }

  /** Asks where the slot is and goes there, all within the time that one connection may take. */
  #at<T extends { close(): void }>(
    slot: number,
    hint: Hint | undefined,
    use: (node: NodeConnector, address: string) => Promise<T>,
  ): Promise<T> {
    return opened(this.#clock, this.#reach(slot, hint, use), (late) => late.close());
  }

  async #reach<T>(
    slot: number,
    hint: Hint | undefined,
    use: (node: NodeConnector, address: string) => Promise<T>,
  ): Promise<T> {
    const topology = await this.#look();
    try {
      const address = hint?.address ?? topology.owner(slot);
      const node = address === undefined ? undefined : await topology.node(address);
      if (address === undefined || node === undefined) {
        throw engineError(
          `no node of the cluster owns the slot ${slot}. This passes, or see CLUSTER INFO`,
          undefined,
        );
      }
      const made = await use(node, address);
      if (!hint?.asks) {
        this.#owners.set(slot, address);
        // It is followed once: the next time the cluster is asked again.
        this.#forget(slot, hint);
      }
      return made;
    } catch (error) {
      this.#forget(slot, hint);
      throw error;
    } finally {
      topology.leave();
    }
  }

  #forget(slot: number, hint: Hint | undefined): void {
    if (this.#hints.get(slot) === hint) this.#hints.delete(slot);
  }

  /** Learns from an error where the slot is, and makes one of it after which a connection is not used again. */
  #learn(slot: number, hint: Hint | undefined, error: unknown): unknown {
    const said = saidBy(error);
    const [, word, address = ""] = REDIRECTION.exec(said) ?? [];
    if (word !== undefined) {
      // One without a host is that of the node itself, which is of no use.
      const isUsable = /^.+:\d+$/.test(address);
      if (isUsable) this.#hints.set(slot, { address, asks: word === "ASK" });
      else this.#hints.delete(slot);
      if (word === "MOVED" && isUsable) this.#owners.set(slot, address);
      return engineError(
        `the key has moved to another node of the cluster, where it is found next. Redis said: ${said}`,
        error,
      );
    }
    if (wasAnswered(error, "CLUSTERDOWN")) {
      return engineError(
        `a part of the cluster is down, until a replica takes over. Redis said: ${said}`,
        error,
      );
    }
    if (!wasAnswered(error)) this.#forget(slot, hint);
    return error;
  }

  /** Asks the cluster, once for all who want to know at the same time. */
  async #look(): Promise<SharedTopology> {
    const looking = this.#looking ??= this.#client.look().then(
      (topology) => new SharedTopology(topology),
    ).finally(() => {
      // Whoever comes later asks again.
      this.#looking = undefined;
    });
    const topology = await looking;
    topology.join();
    return topology;
  }
}

/** A topology, until the last who uses it leaves. */
class SharedTopology implements Topology {
  readonly #topology: Topology;
  #users = 0;

  constructor(topology: Topology) {
    this.#topology = topology;
  }

  join(): void {
    this.#users++;
  }

  leave(): void {
    if (--this.#users === 0) this.close();
  }

  owner(slot: number): string | undefined {
    return this.#topology.owner(slot);
  }

  node(address: string): Promise<NodeConnector | undefined> {
    return this.#topology.node(address);
  }

  close(): void {
    letGo(() => this.#topology.close());
  }
}

/** Takes an address apart, `host:port`: a host may have colons of its own. */
export function addressOf(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}
