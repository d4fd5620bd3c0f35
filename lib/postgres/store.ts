/**
 * Keeps streams of one piece of work in Postgres, where any process can read and end them.
 *
 * @module
 */

import { isPermanent } from "../base/engine_errors.ts";
import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { booleanOption, checkNames, clockOption, namesOf, wrongOption } from "../base/options.ts";
import { isFrame, splitFrames } from "../store/frames.ts";
import type {
  Appended,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
import { Subscriptions } from "../store/subscriptions.ts";
import { clientOf, type PostgresClient } from "./clients.ts";
import { CONNECT_TIMEOUT, type PostgresConnector, type PostgresRow } from "./connection.ts";
import { Migrator } from "./database.ts";
import { explain } from "./errors.ts";
import { channelOf } from "./channels.ts";
import { Lanes } from "./lanes.ts";
import { Presence } from "./presence.ts";
import { fromStored, toStored } from "./text.ts";

/** Options of {@linkcode postgresStore}. */
export interface PostgresStoreOptions {
  /** Stores of one database with the same one share their streams. Default: `"tidings"`. */
  readonly prefix?: string | undefined;
  /** Whether what is missing in the database is made: see `postgresMigration()`. Default: false. */
  readonly migrate?: boolean | undefined;
  /**
   * A client that may `LISTEN`, if `client` leads to a pooler in transaction mode, which gives no session for that. Default: the
   * client.
   */
  readonly listen?: PostgresClient | undefined;
  /** Time, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<PostgresStoreOptions>({ prefix: true, migrate: true, listen: true, clock: true });

/** The longest time that is told to Postgres, in milliseconds: some 30 years, for whoever says `Infinity`. */
const LONGEST = 1e12;
const utf8 = new TextEncoder();
/** Bytes that a notification may have: Postgres refuses one of 8,000. */
const LARGEST_MESSAGE = 7_900;

/**
 * Keeps streams in Postgres, for `ResumableStreams` of `tidings/resumable`: they outlive the process that runs them, and any
 * process reads and stops them. `client` is the one you have: a pool of `pg`, an `sql` of `postgres`, or Bun's `SQL`; for any
 * other, see {@linkcode PostgresConnector}, which has to have `listen` for this. It stays yours. Of `pg` only the settings are
 * used: the store opens up to four connections for statements, and one to `LISTEN` while it reads or runs streams. They are
 * replaced when they break or fall silent for some 5 s; meanwhile readers are served by a look at Postgres once a second. A call
 * rejects within 10 s if Postgres cannot be reached.
 *
 * An append is one statement, however many read the stream, and another that tells those who watch: what is short, up to 7,900
 * bytes, comes with it, and anything else they read. What is needed in the database `postgresMigration({ store: true })` makes.
 *
 * A stream is a row, and one more for each append. They are deleted as others are made: `keep` after the stream's end, and up
 * to an eighth later than lease and `keep` together after its process has died. How safe an acknowledged event is, your
 * `synchronous_commit` says.
 *
 * A process that died counts as a reader for up to 10 s.
 *
 * @throws {TypeError} If an option is wrong, or the client is none of these. The calls reject with a
 * {@linkcode TidingsError}, `"backplane-unavailable"` if it may succeed later or `"backplane-refused"` if it will not.
 *
 * @example
 * ```ts
 * import { postgresStore } from "tidings/postgres";
 *
 * // A client of pg, postgres or Bun is handed over as it is; this stands for one of another library.
 * const none = () => Promise.reject(new Error("no Postgres here"));
 * const store = postgresStore({ open: none, listen: none }, { prefix: "answers" });
 * console.log(store.name); // Postgres at the prefix "answers"
 * ```
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): StreamStore {
  checkNames("postgresStore", options, OPTIONS, { table: "prefix", name: "prefix" });
  const { prefix = "tidings", migrate = false } = options;
  if (typeof prefix !== "string" || prefix === "") {
    throw wrongOption("prefix", "a string that is not empty", prefix);
  }
  booleanOption("migrate", migrate);
  const clock = clockOption(options.clock);
  const connector = clientOf("postgresStore", client, clock);
  const { listen } = clientOf("postgresStore", options.listen ?? client, clock);
  if (typeof listen !== "function") {
    throw new TypeError(
      'postgresStore() needs a session to LISTEN: give your connector the method "listen", see PostgresConnector',
    );
  }
  return new PostgresStore(connector, listen, { prefix, migrate, clock });
}

class PostgresStore implements StreamStore {
  readonly name: string;
  readonly #prefix: string;
  readonly #migrator: Migrator;
  readonly #lanes: Lanes;
  readonly #subscriptions: Subscriptions;
  readonly #presence: Presence;

  constructor(
    connector: PostgresConnector,
    listen: Required<PostgresConnector>["listen"],
    { prefix, migrate, clock }: { prefix: string; migrate: boolean; clock: Clock },
  ) {
    this.name = `Postgres at the prefix ${show(prefix)}`;
    this.#prefix = toStored(prefix);
    const migrator = new Migrator(migrate ? { store: true } : undefined, ["_streams"]);
    this.#migrator = migrator;
    this.#lanes = new Lanes(connector, { clock, prepare: (connection) => migrator.prepare(connection) });
    this.#subscriptions = new Subscriptions(listen, { clock, connectTimeout: CONNECT_TIMEOUT });
    const process = `${clock.now().toString(36)}-${clock.random().toString(36).slice(2)}`;
    this.#presence = new Presence(clock, (watched, left, time) =>
      this.#lanes.query(
        "SELECT tidings._watch($1::text, $2::text, $3::text::text[], $4::text::text[], $5::text::bigint)",
        [this.#prefix, process, watched, left, `${time}`],
      ));
  }

  async create(
    id: string,
    stream: Ownership & { readonly epoch: string; readonly keep: number },
  ): Promise<boolean> {
    const { epoch, owner, token, lease, keep } = stream;
    const [row] = await this.#run(
      "SELECT tidings._create($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, " +
        "$8::text::bigint, $9::text::bigint) AS created",
      [
        ...[this.#prefix, id, this.#channel(id), this.#owners, epoch, owner, token],
        ...[time(lease), time(keep)],
      ],
    );
    return row?.created === true;
  }

  async append(id: string, batch: StreamBatch): Promise<Appended> {
    const { token, lease, keep, first, frames, trim } = batch;
    const wrong = frames.find((frame) => !isFrame(frame));
    if (wrong !== undefined) {
      throw new TypeError(
        `A frame must end with a blank line, and have none before that, received ${show(wrong)}`,
      );
    }
    const channel = this.#channel(id);
    const [row] = await this.#run(
      "SELECT written, head, epoch FROM tidings._append($1::text, $2::text, $3::text, $4::text, " +
        "$5::text::bigint, $6::text::bigint, $7::text::bigint, $8::text::bigint, $9::text::bigint, $10::text)",
      [
        ...[this.#prefix, id, channel, token, time(lease), time(keep)],
        ...[`${first}`, `${frames.length}`, `${trim}`, toStored(frames.join(""))],
      ],
    );
    if (row?.written !== true) return { written: false, head: readHead(row?.head) };
    // In a step of its own: a transaction that notifies holds a lock of the whole server while it commits. And all frames,
    // also those that are a repetition, for it may be this step that failed.
    const full = toStored(`${first}\n${row.epoch}\n${id}\n${frames.join("")}`);
    const message = frames.length === 0 ? "" : utf8.encode(full).byteLength > LARGEST_MESSAGE ? id : full;
    const [told] = await this.#run(
      "SELECT tidings._tell($1::text, $2::text, $3::text, $4::text) AS readers",
      [this.#prefix, id, channel, message],
    );
    return { written: true, readers: Number(told?.readers) };
  }

  async end(id: string, ending: StreamEnding): Promise<StreamHead | undefined> {
    const { state, reason, keep, token, overdue = false } = ending;
    const [row] = await this.#run(
      "SELECT tidings._end($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text::bigint, $8::text, " +
        "$9::text::boolean) AS head",
      [
        ...[this.#prefix, id, this.#channel(id), this.#owners, state],
        ...[reason === undefined ? null : toStored(reason), time(keep), token ?? null, `${overdue}`],
      ],
    );
    return readHead(row?.head);
  }

  async claim(id: string, stream: Ownership & { readonly keep: number }): Promise<StreamHead | undefined> {
    const { owner, token, lease, keep } = stream;
    const [row] = await this.#run(
      "SELECT tidings._claim($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text::bigint, " +
        "$8::text::bigint) AS head",
      [this.#prefix, id, this.#channel(id), this.#owners, owner, token, time(lease), time(keep)],
    );
    return readHead(row?.head);
  }

  async overdue(): Promise<readonly string[]> {
    const rows = await this.#run("SELECT tidings._overdue($1::text, 500) AS id", [this.#prefix]);
    return rows.map(({ id }) => String(id));
  }

  async read(id: string, after: number, bytes: number): Promise<StreamPage | undefined> {
    const { failure } = this.#subscriptions;
    if (failure !== undefined) {
      // Readers would be served by looking all the time, and nobody would learn why.
      const explained = explain(this.name, failure, false);
      if (isPermanent(explained)) throw explained;
    }
    const [first, ...rows] = await this.#run(
      "SELECT head, last, frames FROM tidings._read($1::text, $2::text, $3::text::bigint, $4::text::bigint)",
      [
        this.#prefix,
        id,
        after === Infinity ? null : `${after}`,
        `${Math.min(bytes, Number.MAX_SAFE_INTEGER)}`,
      ],
    );
    const head = readHead(first?.head);
    if (head === undefined) return undefined;
    const records: StreamRecord[] = [];
    // What was appended together is trimmed together, so there may be some that count as forgotten.
    const from = Math.max(after + 1, head.first);
    for (const { last, frames } of rows) {
      const each = splitFrames(fromStored(String(frames)));
      let seq = Number(last) - each.length;
      for (const frame of each) if (++seq >= from) records.push({ seq, frame });
    }
    return { head, records };
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    const leave = this.#presence.add(id);
    let isOver = false;
    // Only when it counts as a reader is everything told that comes.
    const changed = () => isOver || watcher.changed();
    const stop = this.#subscriptions.add(this.#channel(id), {
      heard: (message) => {
        const [first, epoch, which] = message.split("\n", 3);
        if (epoch === undefined) return first === id && watcher.changed();
        // Two ids may have one channel.
        if (which !== id) return;
        const text = message.slice(first!.length + epoch.length + which.length + 3);
        watcher.appended(epoch, Number(first), splitFrames(fromStored(text)));
      },
      missed: () => void this.#presence.told().then(changed, changed),
    });
    return () => {
      isOver = true;
      stop();
      leave();
    };
  }

  own(owner: string, listener: (id: string) => void): () => void {
    // What was missed the next append tells.
    return this.#subscriptions.add(this.#owners + owner, { heard: listener, missed: () => {} });
  }

  close(): void {
    this.#presence.close();
    this.#subscriptions.close();
    this.#lanes.close();
  }

  #channel(id: string): string {
    return channelOf(`${this.#prefix}:${id}`);
  }

  /** What the names of the channels of all owners begin with: their names are short, and the server puts them together. */
  get #owners(): string {
    return `${channelOf(this.#prefix)}_`;
  }

  async #run(text: string, values: readonly (string | null)[]): Promise<readonly PostgresRow[]> {
    try {
      return await this.#lanes.query(text, values);
    } catch (error) {
      throw explain(this.name, error, this.#migrator.isActive);
    }
  }
}

/** Milliseconds as Postgres takes them. */
function time(milliseconds: number): string {
  return `${Math.min(Math.ceil(milliseconds), LONGEST)}`;
}

/** Reads a head, which is an object in JSON, or nothing where there is no stream. */
function readHead(value: unknown): StreamHead | undefined {
  if (value === null || value === undefined) return undefined;
  const head = JSON.parse(String(value)) as StreamHead & { reason: string | null; endedAt: number | null };
  return {
    ...head,
    reason: head.reason === null ? undefined : fromStored(head.reason),
    endedAt: head.endedAt ?? undefined,
  };
}
