/**
 * Recognises the clients that people have, each by its shape, so that none of them is imported.
 *
 * @module
 */

import { type Clock, sleep } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { opened, type PostgresConnector, type PostgresRow } from "./connection.ts";
import { stateOf } from "./errors.ts";
import { proven, sessionsOf } from "./listening.ts";

/** What is used of a pool of npm's `pg`, made by `new pg.Pool()`. */
export interface PgPool {
  /** Connections that are open. */
  readonly totalCount: number;
  /** Runs a statement on any of its connections. */
  // deno-lint-ignore no-explicit-any -- its overloads are told apart by no simpler type
  query: any;
  /** The settings it was made with. */
  readonly options: object;
}

/** What is used of npm's `postgres`, made by `postgres(url)`, and of Bun's own client, `new Bun.SQL(url)` or `Bun.sql`. */
export interface PostgresSql {
  /** Runs a statement on any of its connections. */
  // deno-lint-ignore no-explicit-any -- each library has types of its own for values and rows
  unsafe(text: string, values?: any[]): PromiseLike<any>;
  /** Runs a transaction. */
  // deno-lint-ignore no-explicit-any -- as above
  begin: any;
  /** Listens to a channel, over a connection of its own. */
  // deno-lint-ignore no-explicit-any -- as above
  listen: any;
}

/** A client of one of the three known libraries, or what opens connections by another: see {@linkcode PostgresConnector}. */
export type PostgresClient = PgPool | PostgresSql | PostgresConnector;

/** Finds out what a client is. */
function connectorOf(client: unknown, clock: Clock): PostgresConnector | undefined {
  if ((typeof client !== "object" && typeof client !== "function") || client === null) return undefined;
  if (has(client, "query", "connect", "Client") && "totalCount" in client) {
    return fromPool(client as unknown as OpenPool, clock);
  }
  if (has(client, "unsafe", "begin", "listen")) return fromSql(client as OpenSql, clock);
  if (has(client, "open")) return client as PostgresConnector;
  return undefined;
}

/** Finds out what a client is, or says what it should be. */
export function clientOf(what: string, client: unknown, clock: Clock): PostgresConnector {
  const connector = connectorOf(client, clock);
  if (connector !== undefined) return connector;
  throw new TypeError(
    `${what}() takes a pool of pg, an sql of postgres, Bun's SQL, or an object with the method "open", received ${
      show(client)
    }`,
  );
}

/** Whether an object has these methods. */
export function has(client: object, ...methods: string[]): boolean {
  return methods.every((name) => typeof (client as Record<string, unknown>)[name] === "function");
}

interface PgNotification {
  readonly channel: string;
  readonly payload?: string;
}

interface PgClient {
  connect(): Promise<unknown>;
  query(query: { text: string; values?: readonly unknown[] }): Promise<{ rows: PostgresRow[] }>;
  end(): Promise<unknown>;
  on(event: "error" | "end", listener: (error?: unknown) => void): unknown;
  on(event: "notification", listener: (notification: PgNotification) => void): unknown;
  readonly connection?: { readonly stream?: { destroySoon?(): void; destroy(): void } };
}

interface OpenPool extends PgPool {
  readonly Client: new (options: object) => PgClient;
}

/** A pool hands out connections that others wait for; ours are made as it makes its own. */
function fromPool(pool: OpenPool, clock: Clock): PostgresConnector {
  const open = async () => {
    const client = new pool.Client(pool.options);
    // An error to which nobody listens ends the process.
    client.on("error", () => {});
    const close = () => {
      client.end().catch(() => {});
      const stream = client.connection?.stream;
      // What end() has written goes out, if there is anybody who takes it.
      if (stream?.destroySoon === undefined) stream?.destroy();
      else stream.destroySoon();
    };
    try {
      await opened(clock, client.connect(), () => {});
    } catch (error) {
      close();
      throw error;
    }
    return { client, close };
  };
  return {
    async open() {
      const { client, close } = await open();
      let isBroken = false;
      client.on("error", () => isBroken = true);
      client.on("end", () => isBroken = true);
      return {
        isBroken: () => isBroken,
        query: async (text, values) => (await client.query({ text, values })).rows,
        close,
      };
    },
    listen: proven(async (onMessage, onLost) => {
      const { client, close } = await open();
      let isClosed = false;
      client.on("notification", ({ channel, payload = "" }) => onMessage(channel, payload));
      client.on("end", () => isClosed || onLost());
      const run = (command: string) => (channels: readonly string[]) =>
        client.query({ text: channels.map((channel) => `${command} ${quoted(channel)}`).join(";") });
      return {
        subscribe: run("LISTEN"),
        unsubscribe: run("UNLISTEN"),
        notify: (channel) => client.query({ text: "SELECT pg_notify($1::text, '')", values: [channel] }),
        close() {
          isClosed = true;
          close();
        },
      };
    }, clock),
  };
}

// How long whatever follows a broken connection waits, in milliseconds.
const LATER = 50;

interface OpenSql extends PostgresSql {
  unsafe(text: string, values?: unknown[]): PromiseLike<readonly PostgresRow[]>;
  listen: Remembering & {
    (
      channel: string,
      onMessage: (message: string) => void,
      onListening: () => void,
    ): Promise<{ unlisten(): Promise<unknown> }>;
  };
}

/**
 * These keep their connections to themselves: they reconnect without being asked, and so nothing is closed here.
 *
 * When several connections break in one turn of the event loop, `postgres` 3.4 notices them one after the other. A query that
 * is made in between may go to a connection whose end was not noticed yet. That connection sends nothing any more, even after
 * it has reconnected. A busy process may need several turns to notice them all. So whatever follows a failure waits.
 */
function fromSql(sql: OpenSql, clock: Clock): PostgresConnector {
  const laterTurn = () => sleep(clock, LATER);
  const sessions = sessionsOf({
    listen(channel, onMessage, onListening) {
      const listening = sql.listen(channel, onMessage, onListening);
      listening.catch(() => forgetChannel(sql.listen, channel));
      return listening;
    },
    notify: (channel) => Promise.resolve(sql.unsafe("SELECT pg_notify($1::text, '')", [channel])),
    laterTurn,
  });
  return {
    async open() {
      // They tell whether there is a server only when they are asked something.
      await opened(clock, Promise.resolve(sql.unsafe("SELECT 1")), () => {});
      return {
        async query(text, values) {
          try {
            return await (values.length === 0 ? sql.unsafe(text) : sql.unsafe(text, [...values]));
          } catch (error) {
            if (stateOf(error) === undefined) await laterTurn();
            throw error;
          }
        },
        close: () => {},
      };
    },
    listen: proven(sessions, clock),
  };
}

/** What `postgres` remembers of its channels, on its method `listen` itself. */
interface Remembering {
  readonly channels?: Record<string, { readonly result?: PromiseLike<unknown> }>;
}

/**
 * A `LISTEN` that was refused once, by a standby for instance, `postgres` 3.4 takes for the answer to every later one on that
 * channel, without asking again: until it has forgotten the channel nobody could listen to it after the failover.
 */
function forgetChannel({ channels }: Remembering, channel: string): void {
  const known = channels?.[channel];
  known?.result?.then(() => {}, () => {
    if (channels?.[channel] === known) delete channels?.[channel];
  });
}

/** A name as SQL takes it. */
function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
