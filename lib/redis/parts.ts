/**
 * Divides what {@linkcode redisStore} keeps into parts: one on a server, and in a cluster some whose keys each lie in one slot.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { Subscriptions } from "../store/subscriptions.ts";
import { ClusterConnector } from "./cluster.ts";
import { CONNECT_TIMEOUT, type RedisConnector } from "./connection.ts";
import { Scripting } from "./scripting.ts";
import { sharded } from "./scripts.ts";
import { crc16, hashTag, slotOf } from "./slots.ts";
import { Writer } from "./writer.ts";

/**
 * How many parts there are in a cluster, each in a slot of its own. All processes must agree, so it is no option. Whoever
 * looks for overdue leases asks each.
 */
const PARTS = 16;

/** Streams whose keys lie together, so that one script touches all that it has to. */
export class Part {
  /** What the names of all keys and of the streams' channels begin with, before a colon. */
  readonly root: string;
  /** What streams' channels tell. */
  readonly subscriptions: Subscriptions;
  readonly #writer: Writer;
  readonly #scripting: Scripting;
  readonly #adapt: (script: string) => string;

  constructor(
    root: string,
    clock: Clock,
    { open, listen, adapt }: {
      open: () => ReturnType<RedisConnector["open"]>;
      listen: Listen;
      adapt: (script: string) => string;
    },
  ) {
    this.root = root;
    this.#writer = new Writer(open, clock);
    this.#scripting = new Scripting((command) => this.#writer.send(command));
    this.#adapt = adapt;
    this.subscriptions = subscriptionsOf(listen, clock);
  }

  /** Runs one of the scripts. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    return this.#scripting.run(this.#adapt(script), keys, args);
  }

  /** Asks for something small, and so notices whether its keys have moved away. */
  async touch(): Promise<void> {
    await this.#writer.send(["PTTL", leasesOf(this)]);
  }

  close(): void {
    this.subscriptions.close();
    this.#writer.close();
  }
}

/** All parts of a store, and what tells its owners of streams that are theirs no more. */
export class Parts {
  readonly all: readonly Part[];
  readonly owners: Subscriptions;

  constructor(connector: Required<RedisConnector>, prefix: string, clock: Clock) {
    const listen: Listen = (onMessage, onLost) => connector.listen(onMessage, onLost);
    if (!(connector instanceof ClusterConnector)) {
      const open = () => connector.open();
      this.all = [new Part(prefix, clock, { open, listen, adapt: (script) => script })];
      this.owners = this.all[0]!.subscriptions;
      return;
    }
    checkTags(prefix, connector.keyPrefix);
    this.all = rootsOf(prefix).map((root) => {
      const key = `${root}:`;
      const part: Part = new Part(root, clock, {
        open: () => connector.share(key),
        async listen(onMessage, onLost) {
          const subscriber = await connector.listenToShard(key, onMessage, onLost);
          // Whoever only listens would not hear that another node owns the slot, and counts who listens.
          const ping = () => Promise.all([part.touch(), subscriber.ping()]);
          return { ...subscriber, ping };
        },
        adapt: (script) => adapted.get(script) ?? adapt(script),
      });
      return part;
    });
    this.owners = subscriptionsOf(listen, clock);
  }

  /** The part in which a stream lies. */
  of(id: string): Part {
    return this.all.length === 1 ? this.all[0]! : this.all[crc16(id) % this.all.length]!;
  }

  close(): void {
    for (const part of this.all) part.close();
    this.owners.close();
  }
}

/** The key of the list of a part's leases. */
export function leasesOf({ root }: Part): string {
  return `${root}:leases`;
}

type Listen = Required<RedisConnector>["listen"];

const adapted = new Map<string, string>();

function adapt(script: string): string {
  const text = sharded(script);
  adapted.set(script, text);
  return text;
}

function subscriptionsOf(listen: Listen, clock: Clock): Subscriptions {
  return new Subscriptions(listen, { clock, connectTimeout: CONNECT_TIMEOUT });
}

/** With a hash tag in the prefix all is in the slot that it says. */
function rootsOf(prefix: string): string[] {
  if (hashTag(prefix) !== undefined) return [prefix];
  return Array.from({ length: PARTS }, (_, part) => `${prefix}:{${prefix}.${part}}`);
}

function checkTags(prefix: string, keyPrefix: string): void {
  const [root] = rootsOf(prefix);
  if (slotOf(`${root}:a`) !== slotOf(`${root}:b`)) {
    throw new TypeError(
      `"prefix" must not have braces with nothing between them, for a cluster finds the slot of a key by its braces, ` +
        `received ${show(prefix)}`,
    );
  }
  // It is put before keys, and before no channel.
  if (keyPrefix.includes("{")) {
    throw new TypeError(
      `redisStore() takes no client of a cluster with braces in its "keyPrefix", received ${
        show(keyPrefix)
      }: ` +
        `put them into the option "prefix" of redisStore`,
    );
  }
}
