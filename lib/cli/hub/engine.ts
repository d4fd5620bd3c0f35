/**
 * Chooses what keeps a hub's history, by the settings, and opens it with the client library that is installed.
 *
 * @module
 */

import { type Clock, sleep, systemClock } from "../../base/clock.ts";
import type { Backplane } from "../../cluster/backplane.ts";
import { jetStream, type JetStreamClientLike } from "../../nats/mod.ts";
import { type PostgresClient, postgresLog } from "../../postgres/mod.ts";
import { type RedisClient, redisStreams } from "../../redis/mod.ts";
import { sqliteLog } from "../../sqlite/mod.ts";
import { CommandError } from "../command.ts";
import type { Setting, Values } from "../settings.ts";

/** The settings that say where the history is kept. */
export const ENGINE_SETTINGS: readonly Setting[] = [
  {
    name: "data",
    variable: "TIDINGS_DATA",
    value: "<file>",
    help: "the SQLite file that keeps the history; tidings-hub.db",
  },
  {
    name: "redis",
    variable: "REDIS_URL",
    value: "<url>",
    help: "or a Redis, for hubs on many machines",
  },
  {
    name: "nats",
    variable: "NATS_URL",
    value: "<urls>",
    help: "or NATS JetStream, likewise",
  },
  {
    name: "postgres",
    variable: "DATABASE_URL",
    value: "<url>",
    help: "or a Postgres, likewise",
  },
  {
    name: "stream",
    variable: "TIDINGS_STREAM",
    value: "<name>",
    help: "its stream, or table; tidings-hub, in Postgres tidings_hub",
  },
  {
    name: "memory",
    variable: "TIDINGS_MEMORY",
    help: "or nothing: a restart forgets the history",
  },
];

/** What keeps a hub's history. */
export interface Engine {
  /** None where it is kept in memory. */
  readonly backplane: Backplane | undefined;
  /** Where the history is, for a person. Never an address, which may hold a password. */
  readonly place: string;
  /** Lets go of the connections, when the hub was closed. */
  close(): Promise<void>;
}

/** Told of trouble that may pass. */
type Tell = (message: string, error: unknown) => void;

/** An engine that has an address. */
interface Server {
  readonly name: string;
  readonly variable: string;
  /** What its addresses begin with. */
  readonly schemes: readonly string[];
  readonly example: string;
  /** Whether there may be several, with commas between them. */
  readonly isList?: boolean;
  open(url: string, stream: string | undefined, tell: Tell): Promise<Engine>;
}

const SERVERS: Readonly<Record<string, Server>> = {
  redis: {
    name: "a Redis",
    variable: "REDIS_URL",
    schemes: ["redis:", "rediss:"],
    example: "redis://127.0.0.1:6379",
    open: openRedis,
  },
  nats: {
    name: "a NATS server",
    variable: "NATS_URL",
    schemes: ["nats:", "tls:"],
    example: "nats://127.0.0.1:4222",
    isList: true,
    open: openNats,
  },
  postgres: {
    name: "a Postgres",
    variable: "DATABASE_URL",
    schemes: ["postgres:", "postgresql:"],
    example: "postgres://user:password@127.0.0.1:5432/database",
    open: openPostgres,
  },
};

/** What NATS is asked again after if it cannot be reached at the beginning, in milliseconds. */
const PAUSE = 1_000;

/**
 * Opens the engine that the settings name. One that has a server need not be reached for that: it is tried again and again.
 *
 * @param tell Told of a server that cannot be reached at first, if the engine itself does not tell.
 * @throws {CommandError} If the settings are of no use, or a package is missing.
 */
export async function openEngine(values: Values, tell: Tell): Promise<Engine> {
  const { data, stream } = values;
  const isMemory = values["memory"] === "true";
  const named = Object.keys(SERVERS).filter((name) => values[name] !== undefined);
  if (named.length + Number(data !== undefined) + Number(isMemory) > 1) {
    throw new CommandError(
      "Choose one of redis, nats, postgres, data and memory for the history: a variable that is set counts too",
    );
  }
  const close = () => Promise.resolve();
  if (isMemory) return { backplane: undefined, place: "memory", close };
  const [name] = named;
  if (name !== undefined) return await openServer(SERVERS[name]!, values[name]!, stream, tell);
  const file = data ?? "tidings-hub.db";
  try {
    return { backplane: sqliteLog(file), place: file, close };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Nobody asked for it, and it is there from Node 22.13 on.
    if (data === undefined) {
      return { backplane: undefined, place: "memory, as this runtime has no SQLite", close };
    }
    throw new CommandError(
      `${error.message}. Or use a server (REDIS_URL, NATS_URL, DATABASE_URL), or --memory, which a restart forgets`,
    );
  }
}

async function openServer(
  server: Server,
  url: string,
  stream: string | undefined,
  tell: Tell,
): Promise<Engine> {
  const urls = server.isList === true ? url.split(",") : [url];
  if (!urls.every((each) => isAddress(each, server.schemes))) throw wrongAddress(server);
  try {
    return await server.open(url, stream, tell);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // An engine's own word on the name of its stream.
    if (error instanceof TypeError && /^Option "(stream|table)"/.test(error.message)) {
      throw new CommandError(error.message.replace(/^Option "\w+"/, 'The setting "stream"'));
    }
    throw wrongAddress(server);
  }
}

function isAddress(text: string, schemes: readonly string[]): boolean {
  try {
    const { protocol, host } = new URL(text.trim());
    return schemes.includes(protocol) && host !== "";
  } catch {
    return false;
  }
}

/** It may hold a password, so what was received is not shown. */
function wrongAddress({ name, variable, example }: Server): CommandError {
  return new CommandError(`${variable} must be the address of ${name}, such as ${example}`);
}

async function openRedis(url: string, stream = "tidings-hub"): Promise<Engine> {
  const { RedisClient: BunClient } = bun<{ RedisClient: new (url: string) => RedisClient }>();
  const client = BunClient === undefined
    ? (await load("REDIS_URL", ["redis"], () => import("redis"))).createClient({ url })
    : new BunClient(url);
  return {
    // Its settings alone are used, and it is never connected itself.
    backplane: redisStreams(client as RedisClient, { stream }),
    place: `the Redis stream ${stream}`,
    close: () => Promise.resolve(),
  };
}

async function openPostgres(url: string, stream = "tidings_hub"): Promise<Engine> {
  const { SQL } = bun<{ SQL: new (url: string) => PostgresClient & { close(): Promise<void> } }>();
  if (SQL !== undefined) {
    const sql = new SQL(url);
    return { ...postgres(sql, stream), close: () => sql.close() };
  }
  const { default: pg } = await load("DATABASE_URL", ["pg"], () => import("pg"));
  const pool = new pg.Pool({ connectionString: url });
  return { ...postgres(pool, stream), close: () => pool.end() };
}

function postgres(client: PostgresClient, table: string): Omit<Engine, "close"> {
  return {
    backplane: postgresLog(client, { table, migrate: true }),
    place: `the Postgres table tidings.${table}`,
  };
}

async function openNats(url: string, stream: string | undefined, tell: Tell): Promise<Engine> {
  const [{ connect }, { jetstream }] = await load(
    "NATS_URL",
    ["@nats-io/jetstream", "@nats-io/transport-node"],
    () => Promise.all([import("@nats-io/transport-node"), import("@nats-io/jetstream")]),
  );
  const name = stream ?? "tidings-hub";
  const connecting = new NatsConnecting(() => connect(natsOptions(url)), { tell, clock: systemClock });
  const client = connecting.opened.then((opened) => jetstream(opened) as unknown as JetStreamClientLike);
  client.catch(() => {});
  const backplane = jetStream(client, { stream: name, maxAge: Infinity });
  connecting.begin();
  return { backplane, place: `the JetStream stream ${name}`, close: () => connecting.close() };
}

/** The client takes names and passwords beside the addresses, not in them. */
function natsOptions(url: string) {
  const urls = url.split(",").map((each) => new URL(each.trim()));
  const user = decodeURIComponent(urls[0]!.username);
  const pass = decodeURIComponent(urls[0]!.password);
  return {
    servers: urls.map(({ host }) => host),
    ...(urls[0]!.protocol === "tls:" ? { tls: {} } : {}),
    ...(user === "" ? {} : pass === "" ? { token: user } : { user, pass }),
    maxReconnectAttempts: -1,
    pingInterval: 5_000,
    timeout: 5_000,
  };
}

/** Connects to NATS, again and again until there is a connection or nobody wants it any more. */
class NatsConnecting<C extends { close(): Promise<void> }> {
  readonly opened: Promise<C>;
  readonly #connect: () => Promise<C>;
  readonly #tell: Tell;
  readonly #clock: Clock;
  #settle!: (opened: Promise<C>) => void;
  #isClosed = false;

  constructor(connect: () => Promise<C>, { tell, clock }: { tell: Tell; clock: Clock }) {
    this.#connect = connect;
    this.#tell = tell;
    this.#clock = clock;
    this.opened = new Promise((resolve) => this.#settle = resolve);
  }

  begin(): void {
    this.#settle(this.#run());
  }

  async #run(): Promise<C> {
    for (let isFirst = true; !this.#isClosed; isFirst = false) {
      try {
        return await this.#connect();
      } catch (error) {
        if (isFirst) this.#tell("NATS cannot be reached, and is tried again", error);
      }
      if (!this.#isClosed) await sleep(this.#clock, PAUSE);
    }
    throw new Error("the hub was closed");
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.opened.then((connection) => connection.close(), () => {});
  }
}

/** Bun has clients of its own. */
function bun<T>(): Partial<T> {
  return (globalThis as unknown as { Bun?: Partial<T> }).Bun ?? {};
}

/** Loads packages that a setting needs, or says which, and what installs them. */
async function load<T>(
  variable: string,
  packages: readonly string[],
  from: () => Promise<T>,
): Promise<T> {
  try {
    return await from();
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_MODULE_NOT_FOUND") {
      throw error;
    }
    throw new CommandError(
      `${variable} takes the ${packages.length > 1 ? "packages" : "package"} ${
        packages.join(" and ")
      }, which ${packages.length > 1 ? "are" : "is"} not there: run \`npm install ${packages.join(" ")}\``,
    );
  }
}
