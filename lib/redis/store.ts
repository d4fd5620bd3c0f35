/**
 * Keeps streams of one piece of work in Redis, where any process can read and end them.
 *
 * @module
 */

import { isPermanent } from "../base/engine_errors.ts";
import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { checkNames, clockOption, namesOf, wrongOption } from "../base/options.ts";
import { isFrame, splitFrames } from "../store/frames.ts";
import type {
  Appended,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
import { connectorOf, type RedisClient } from "./clients.ts";
import { ClusterConnector } from "./cluster.ts";
import type { RedisConnector } from "./connection.ts";
import { type Advice, explain, SERVERS } from "./errors.ts";
import { readHead, readPage } from "./head.ts";
import { leasesOf, type Part, Parts } from "./parts.ts";
import { readText } from "./reply.ts";
import { APPEND, CLAIM, CREATE, END, OVERDUE, READ } from "./scripts.ts";

/** Options of {@linkcode redisStore}. */
export interface RedisStoreOptions {
  /**
   * What the names of all keys and channels begin with, before a colon. Stores with the same one share their streams.
   * Databases of one server share its channels, so another database is no other prefix. Default: `"tidings"`.
   */
  readonly prefix?: string | undefined;
  /** Time, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<RedisStoreOptions>({ prefix: true, clock: true });

/** What the scripts call, and what the connections do besides. */
const COMMANDS =
  "+eval +evalsha +time +hmget +hset +hdel +hincrby +append +get +del +pexpireat +pttl +xadd +xrange +xtrim " +
  "+zadd +zrem +zrangebyscore +publish +pubsub|numsub +subscribe +unsubscribe +ping";

/** And what they do in a cluster. */
const IN_CLUSTER = " +asking +spublish +ssubscribe +sunsubscribe +pubsub|shardnumsub";

/** The longest time that is told to Redis, in milliseconds: some 30 years, for whoever says `Infinity`. */
const LONGEST = 1e12;

/**
 * Keeps streams in Redis, for `ResumableStreams` of `tidings/resumable`: they outlive the process that runs them, and any
 * process reads and stops them. `client` is the one you have: of `redis` (node-redis 4 to 6), of `ioredis` (5 and 6), or
 * Bun's `RedisClient`; for any other, see {@linkcode RedisConnector}, which has to have `listen` for this. It stays yours, and
 * only its settings are used: the store opens one connection for commands, and one for Pub/Sub while it reads or runs
 * streams. Both are replaced when they break or fall silent for some 5 s; meanwhile readers are served by a look at Redis
 * once a second. A call rejects within 10 s if Redis cannot be reached.
 *
 * An append is one command, however many read the stream: a script that checks who may write, appends, renews the lease and
 * publishes what it appended. A reader that came late, or missed something, reads a page with one command.
 *
 * The server has to be Redis 6.2 or later, or Valkey, alone, with replicas, or with sentinels that say which one is the
 * primary (`createSentinel()` of `redis` from 5 on, the option `sentinels` of `ioredis`). A stream is three
 * keys, `<prefix>:stream:<id>`, `<prefix>:events:<id>` and `<prefix>:tail:<id>`, and all share `<prefix>:leases`. Each
 * expires by itself: `keep` after the stream's end, and up to an eighth later than lease and `keep` together after its process
 * has died. A stream takes some 400 bytes, and the text of its events and a fifth more. Let Redis refuse writes when its
 * memory is full (`maxmemory-policy noeviction`): one that evicts takes whole streams with it, which their owners are told of.
 *
 * A cluster's client will do too (`createCluster()` of `redis`, `Cluster` of `ioredis`), if the cluster is of Redis 7 or later,
 * or Valkey. The streams are spread over 16 slots by hash tags, `<prefix>:{<prefix>.0}:stream:<id>` to `.15`, each with a list
 * of leases of its own; a prefix with a hash tag, `{answers}`, puts all into its slot. What is appended is told by sharded
 * Pub/Sub: to the nodes of its slot alone, where its readers are counted. A process has one connection for commands
 * and one for Pub/Sub to each primary that it needs, and one more while it runs streams. While a slot is moved to another
 * node the calls for its streams are refused as unavailable, and succeed when that is over.
 *
 * A user with restricted rights needs the keys and the channels `<prefix>:*`, and
 * `+eval +evalsha +time +hmget +hset +hdel +hincrby +append +get +del +pexpireat +pttl +xadd +xrange +xtrim +zadd +zrem
 * +zrangebyscore +publish +pubsub|numsub +subscribe +unsubscribe +ping`, with a cluster `+asking +spublish +ssubscribe
 * +sunsubscribe +pubsub|shardnumsub` too, besides what its client sends to connect.
 *
 * How safe an acknowledged event is, Redis' own settings say. With `appendonly yes` and `appendfsync always` it outlives
 * `kill -9` and a loss of power; with `everysec`, the default, the last second or two may be lost. A failover loses what the
 * replica did not have yet. A stream that is gone is not made anew by an append: its owner is refused.
 *
 * The number of readers is that of the processes whose connections Redis holds. One whose machine vanished counts until
 * Redis notices, after some 5 minutes by default (`tcp-keepalive`).
 *
 * @throws {TypeError} If an option is wrong, or the client is none of these. The calls reject with a
 * {@linkcode TidingsError}, `"backplane-unavailable"` if it may succeed later or `"backplane-refused"` if it will not.
 *
 * @example
 * ```ts
 * import { redisStore } from "tidings/redis";
 *
 * // A client of redis, ioredis or Bun is handed over as it is; this stands for one of another library.
 * const none = () => Promise.reject(new Error("no Redis here"));
 * const store = redisStore({ open: none, listen: none }, { prefix: "answers" });
 * console.log(store.name); // Redis at the prefix "answers"
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): StreamStore {
  checkNames("redisStore", options, OPTIONS, { keyPrefix: "prefix", key: "prefix", stream: "prefix" });
  const { prefix = "tidings" } = options;
  if (typeof prefix !== "string" || prefix === "") {
    throw wrongOption("prefix", "a string that is not empty", prefix);
  }
  const clock = clockOption(options.clock);
  const connector = connectorOf(client, clock);
  if (connector === undefined) {
    throw new TypeError(
      `redisStore() takes a client of redis, ioredis or Bun, no pool, or an object with the methods "open" and ` +
        `"listen", received ${show(client)}`,
    );
  }
  if (typeof connector.listen !== "function") {
    throw new TypeError(
      'redisStore() needs connections for Pub/Sub: give your connector the method "listen", see RedisConnector',
    );
  }
  return new RedisStore(connector as Required<RedisConnector>, prefix, clock);
}

class RedisStore implements StreamStore {
  readonly name: string;
  readonly #prefix: string;
  readonly #advice: Advice;
  readonly #parts: Parts;

  constructor(connector: Required<RedisConnector>, prefix: string, clock: Clock) {
    this.name = `Redis at the prefix ${show(prefix)}`;
    this.#prefix = prefix;
    const isCluster = connector instanceof ClusterConnector;
    this.#advice = {
      holds: "a stream of this store",
      option: "prefix",
      rights: `the keys ~${prefix}:*, the channels &${prefix}:*, and ${COMMANDS}${
        isCluster ? IN_CLUSTER : ""
      }`,
      bounds: "keep, limits",
      servers: isCluster ? "Redis 7 or later, or Valkey, for it is a cluster" : SERVERS,
    };
    this.#parts = new Parts(connector, prefix, clock);
  }

  create(
    id: string,
    stream: Ownership & { readonly epoch: string; readonly keep: number },
  ): Promise<boolean> {
    const { epoch, owner, token, lease, keep } = stream;
    return this.#change(
      CREATE,
      id,
      [this.#ownerChannel(""), epoch, owner, token, time(lease), time(keep)],
      (reply) => Number(reply) === 1,
    );
  }

  append(id: string, { token, lease, keep, first, frames, trim }: StreamBatch): Promise<Appended> {
    const wrong = frames.find((frame) => !isFrame(frame));
    if (wrong !== undefined) {
      const message = `A frame must end with a blank line, and have none before that, received ${
        show(wrong)
      }`;
      return Promise.reject(new TypeError(message));
    }
    return this.#change(
      APPEND,
      id,
      [token, time(lease), time(keep), `${first}`, `${frames.length}`, `${trim}`, frames.join("")],
      (reply) =>
        Array.isArray(reply)
          ? { written: false, head: readHead(reply[0]) }
          : { written: true, readers: Number(reply) },
    );
  }

  end(id: string, ending: StreamEnding): Promise<StreamHead | undefined> {
    const { state, reason, keep, token, overdue = false } = ending;
    const some = (text: string | undefined) => text === undefined ? "" : `=${text}`;
    return this.#change(
      END,
      id,
      [this.#ownerChannel(""), state, time(keep), overdue ? "1" : "0", some(reason), some(token)],
      readHead,
    );
  }

  claim(id: string, stream: Ownership & { readonly keep: number }): Promise<StreamHead | undefined> {
    const { owner, token, lease, keep } = stream;
    return this.#change(
      CLAIM,
      id,
      [this.#ownerChannel(""), owner, token, time(lease), time(keep)],
      readHead,
    );
  }

  async overdue(): Promise<readonly string[]> {
    const found = await Promise.all(this.#parts.all.map((part) =>
      this.#run(
        part,
        OVERDUE,
        [leasesOf(part), `${part.root}:stream:`],
        [],
        (reply) => (reply as unknown[]).map(readText),
      )
    ));
    return found.flat();
  }

  async read(id: string, after: number, bytes: number): Promise<StreamPage | undefined> {
    const part = this.#parts.of(id);
    const { failure } = part.subscriptions;
    if (failure !== undefined) {
      // Readers would be served by looking all the time, and nobody would learn why.
      const explained = explain(this.name, failure, this.#advice);
      if (isPermanent(explained)) throw explained;
    }
    const { channel, events, tail } = keysOf(part, id);
    return await this.#run(
      part,
      READ,
      [channel, events, tail],
      [channel, after === Infinity ? "" : `${after}`, `${Math.min(bytes, Number.MAX_SAFE_INTEGER)}`],
      (reply) => readPage(reply, after),
    );
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    const part = this.#parts.of(id);
    return part.subscriptions.add(keysOf(part, id).channel, {
      heard: (message) => {
        // The sequence number and the epoch, a line each, and the frames; or nothing.
        const afterFirst = message.indexOf("\n");
        if (afterFirst < 0) return watcher.changed();
        const afterEpoch = message.indexOf("\n", afterFirst + 1);
        watcher.appended(
          message.slice(afterFirst + 1, afterEpoch),
          Number(message.slice(0, afterFirst)),
          splitFrames(message.slice(afterEpoch + 1)),
        );
      },
      missed: () => watcher.changed(),
    });
  }

  own(owner: string, listener: (id: string) => void): () => void {
    // What was missed the next append tells.
    return this.#parts.owners.add(this.#ownerChannel(owner), { heard: listener, missed: () => {} });
  }

  close(): void {
    this.#parts.close();
  }

  #ownerChannel(owner: string): string {
    return `${this.#prefix}:owner:${owner}`;
  }

  /** Runs a script that changes a stream. */
  #change<T>(script: string, id: string, args: string[], read: (reply: unknown) => T): Promise<T> {
    const part = this.#parts.of(id);
    const { channel, events, tail } = keysOf(part, id);
    return this.#run(part, script, [channel, events, leasesOf(part), tail], [id, channel, ...args], read);
  }

  async #run<T>(
    part: Part,
    script: string,
    keys: string[],
    args: string[],
    read: (reply: unknown) => T,
  ): Promise<T> {
    try {
      return read(await part.run(script, keys, args));
    } catch (error) {
      throw explain(this.name, error, this.#advice);
    }
  }
}

/** A stream's keys. The first is that of its head, and its channel. */
function keysOf({ root }: Part, id: string): { channel: string; events: string; tail: string } {
  return { channel: `${root}:stream:${id}`, events: `${root}:events:${id}`, tail: `${root}:tail:${id}` };
}

/** Milliseconds as Redis takes them. */
function time(milliseconds: number): string {
  return `${Math.min(Math.ceil(milliseconds), LONGEST)}`;
}
