/**
 * Makes one Redis Stream the log of many broadcasters.
 *
 * @module
 */

import {
  type Backplane,
  type BackplaneEntry,
  type BackplaneMessage,
  type BackplaneReader,
  LONGEST_WAIT,
} from "../cluster/backplane.ts";
import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { checkNames, clockOption, namesOf, numberOption, wrongOption } from "../base/options.ts";
import { connectorOf, type RedisClient } from "./clients.ts";
import type { RedisConnection, RedisConnector } from "./connection.ts";
import { type Advice, explain, SERVERS } from "./errors.ts";
import { compareIds, isStreamId } from "./ids.ts";
import { readEntries, readText } from "./reply.ts";
import { Trimming } from "./trimming.ts";
import { Writer } from "./writer.ts";

/** Options of {@linkcode redisStreams}. */
export interface RedisStreamsOptions {
  /** The stream's key. Broadcasters with the same one share their events; another feed needs another stream. */
  readonly stream: string;
  /**
   * How many entries are kept at least; Redis trims whole nodes of about a hundred, so up to that many more. It bounds for how
   * long a process or a client may be away without a gap, and what memory Redis needs: an entry takes its payload and 40 to
   * 200 bytes (Redis 7), so 100,000 with 256 bytes take 30 MB, and with 4,000 bytes 412 MB. `Infinity` keeps all.
   * Default: 100,000.
   */
  readonly maxEvents?: number | undefined;
  /**
   * For how long entries are kept at least, in milliseconds and by Redis' clock, within `maxEvents`. Trimming rides on
   * appends and takes whole nodes, so entries go somewhat later, and the newest ones stay while nothing is appended.
   * Default: `Infinity`.
   */
  readonly maxAge?: number | undefined;
  /** Time, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<RedisStreamsOptions>({ stream: true, maxEvents: true, maxAge: true, clock: true });

const ADVICE: Advice = {
  holds: "a stream",
  option: "stream",
  rights: "the key, and +xadd +xrange +xrevrange +xread",
  bounds: "maxEvents, maxAge",
  servers: SERVERS,
};

// Redis looks for expired waits ten times a second by default, so a wait ends a little late.
const BLOCK = LONGEST_WAIT - 200;

/**
 * Makes a Redis Stream the log that broadcasters in many processes share. `client` is the one you have: of `redis`
 * (node-redis 4 to 6), of `ioredis` (5 and 6), or Bun's `RedisClient`; for any other, see {@linkcode RedisConnector}. It stays
 * yours, and only its settings are used: each Broadcaster opens one connection to append and one to read, and a third for
 * as long as clients ask for what it no longer holds itself.
 *
 * It may be a client of a cluster (`createCluster()` of `redis`, `Cluster` of `ioredis`), in which the stream lies on one
 * node: the connections lead there, and follow it when its slot moves or a replica takes over. And it may be one that asks
 * sentinels where the primary is (`createSentinel()` of `redis` from 5 on, the option `sentinels` of `ioredis`). Bun's own
 * client knows neither.
 *
 * The server has to be Redis 6.2 or later, or Valkey, and a user with restricted rights needs the key and the commands
 * XADD, XRANGE, XREVRANGE and XREAD, with a cluster ASKING too, besides those that its client sends to connect. Event ids are
 * the stream's.
 *
 * How safe an acknowledged event is, Redis' own settings say. With `appendonly yes` and `appendfsync always` it outlives
 * `kill -9` and a loss of power. With `everysec`, the default, a loss of power takes what came since the last sync, and
 * `kill -9` up to two seconds' worth while a busy disk holds a sync up. A failover loses what the replica did not have yet.
 * Whatever is lost, clients are told.
 *
 * @throws {TypeError} If an option is wrong, or the client is none of these.
 *
 * @example
 * ```ts
 * import { redisStreams } from "tidings/redis";
 *
 * // A client of redis, ioredis or Bun is handed over as it is; this stands for one of another library.
 * const connector = { open: () => Promise.reject(new Error("no Redis here")) };
 * const backplane = redisStreams(connector, { stream: "market", maxEvents: 50_000, maxAge: 3_600_000 });
 * console.log(backplane.name); // Redis stream "market"
 * ```
 */
export function redisStreams(client: RedisClient, options: RedisStreamsOptions): Backplane {
  // An address in the place of the client is told as such, whatever follows it.
  if (typeof client !== "object" && typeof client !== "function") throw noClient(client);
  checkNames("redisStreams", options, OPTIONS, { key: "stream", maxLength: "maxEvents" }, "stream");
  const { stream, maxEvents = 100_000, maxAge = Infinity } = options;
  if (typeof stream !== "string" || stream === "") {
    throw wrongOption("stream", "a string that is not empty", stream);
  }
  numberOption("maxEvents", maxEvents, { least: 1, unit: "events", endless: true });
  numberOption("maxAge", maxAge, { least: 1_000, unit: "milliseconds", endless: true });
  const clock = clockOption(options.clock);
  const connector = connectorOf(client, clock);
  if (connector === undefined) throw noClient(client);
  return new RedisStream(connector, stream, new Trimming(maxEvents, maxAge), clock);
}

function noClient(client: unknown): TypeError {
  return new TypeError(
    `redisStreams() takes a client of redis, ioredis or Bun, no pool, or an object with the method "open", ` +
      `received ${show(client)}`,
  );
}

class RedisStream implements Backplane {
  readonly name: string;
  readonly #connector: RedisConnector;
  readonly #writer: Writer;
  readonly #key: string;
  readonly #trimming: Trimming;

  constructor(connector: RedisConnector, key: string, trimming: Trimming, clock: Clock) {
    this.name = `Redis stream ${show(key)}`;
    this.#connector = connector;
    this.#writer = new Writer(() => connector.open(key), clock);
    this.#key = key;
    this.#trimming = trimming;
  }

  isId(text: string): boolean {
    return isStreamId(text);
  }

  compare(a: string, b: string): number {
    return compareIds(a, b);
  }

  async append({ messageId, payload }: BackplaneMessage): Promise<string> {
    const command = ["XADD", this.#key, ...this.#trimming.next(), "*", "m", messageId, "p", payload];
    try {
      const id = readText(await this.#writer.send(command));
      this.#trimming.appended(id);
      return id;
    } catch (error) {
      throw explain(this.name, error, ADVICE);
    }
  }

  async open(): Promise<BackplaneReader> {
    try {
      return new RedisReader(await this.#connector.open(this.#key), this.#key, this.name);
    } catch (error) {
      throw explain(this.name, error, ADVICE);
    }
  }

  close(): void {
    this.#writer.close();
  }
}

class RedisReader implements BackplaneReader {
  readonly #connection: RedisConnection;
  readonly #key: string;
  readonly #name: string;
  #closed = false;

  constructor(connection: RedisConnection, key: string, name: string) {
    this.#connection = connection;
    this.#key = key;
    this.#name = name;
  }

  async range(from: string, limit: number): Promise<readonly BackplaneEntry[]> {
    for (;;) {
      const entries = await this.#read("XRANGE", from, "+", limit);
      if (entries[0]?.id === from) return entries;
      // Asked second: what was appended meanwhile is read the next time, and what was trimmed meanwhile is not first.
      const [last] = await this.#read("XREVRANGE", `(${from}`, "-", 1);
      if (last !== undefined) return [last, ...entries.slice(0, limit - 1)];
      if (entries.length > 0) return entries;
      // The log is empty, or was a moment ago.
      await this.#mark();
      const oldest = await this.#read("XRANGE", "-", "+", limit);
      if (oldest.length > 0) return oldest;
    }
  }

  async before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]> {
    for (;;) {
      const entries = await this.#read("XREVRANGE", to ?? "+", "-", limit);
      if (entries.length > 0 || to !== undefined) return entries.reverse();
      await this.#mark();
    }
  }

  async wait(after: string, limit: number): Promise<readonly BackplaneEntry[] | void> {
    const waiting = this.#send(["XREAD", "COUNT", "1", "BLOCK", `${BLOCK}`, "STREAMS", this.#key, after]);
    // Redis comes to it when the wait is over, so what is there then is told together with that.
    const reading = this.#read("XRANGE", after, "+", limit);
    // Both fail, and one of them is told.
    reading.catch(() => {});
    await waiting;
    const entries = await reading;
    return entries[0]?.id === after ? entries : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#connection.close();
    } catch {
      // It was closed already.
    }
  }

  async #read(command: "XRANGE" | "XREVRANGE", from: string, to: string, count: number) {
    const reply = await this.#send([command, this.#key, from, to, "COUNT", `${count}`]);
    try {
      return readEntries(reply);
    } catch (error) {
      throw explain(this.#name, error, ADVICE);
    }
  }

  /** Gives an empty log an entry that is no message, so that there is a place at which to stand. */
  async #mark(): Promise<void> {
    await this.#send(["XADD", this.#key, "*", "start", ""]);
  }

  async #send(command: string[]): Promise<unknown> {
    try {
      return await this.#connection.send(command);
    } catch (error) {
      throw explain(this.#name, error, ADVICE);
    }
  }
}
