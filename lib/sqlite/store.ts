/**
 * Keeps streams of one piece of work in an SQLite database, where any process of the machine can read and end them.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { checkNames, clockOption, namesOf } from "../base/options.ts";
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
import { type Source, sourceOf, type SqliteDatabase } from "./driver.ts";
import { type Durability, Link } from "./link.ts";
import { Notices } from "./notices.ts";
import { durabilityOption, tableOption } from "./options.ts";
import { hasTables, storeSchema, storeTables } from "./schema.ts";
import { Streams } from "./streams.ts";
import { Watcher } from "./watcher.ts";
import { Writer } from "./writer.ts";

/** Options of {@linkcode sqliteStore}. */
export interface SqliteStoreOptions {
  /**
   * What the names of the tables begin with: `<table>_heads`, `<table>_frames`, `<table>_readers` and `<table>_processes`.
   * They are made if they are not there. Stores with the same one share their streams. Letters, digits and `_`.
   * Default: `"tidings_streams"`.
   */
  readonly table?: string | undefined;
  /** What a loss of power may take of what was acknowledged: see {@linkcode SqliteLogOptions}. Default: `"normal"`. */
  readonly durability?: Durability | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<SqliteStoreOptions>({ table: true, durability: true, clock: true });

/**
 * Keeps streams in an SQLite database, for `ResumableStreams` of `tidings/resumable`: they outlive the process that runs
 * them, and every process of the machine reads and stops them. There is no server to run. `database` is what
 * {@linkcode sqliteLog} takes, and both may use the same file.
 *
 * Appends of one turn of the event loop, of all streams, are one transaction. Other processes notice within some 5 ms while
 * there is something to notice, and after a quiet second at once where the file system tells of changes, or within 100 ms.
 * A stream is forgotten `keep` after its end, or after lease and `keep` together if its process has died; its rows go with a
 * later commit. The number of readers is that of processes that watch; one that was killed counts for up to 15 s.
 *
 * @throws {TypeError} If an option is wrong, or the database is none. The calls reject with a {@linkcode TidingsError},
 *   `"backplane-unavailable"` if it may succeed later or `"backplane-refused"` if it will not.
 *
 * @example
 * ```ts
 * import { ResumableStreams } from "tidings/resumable";
 * import { sqliteStore } from "tidings/sqlite";
 *
 * export function answers(path: string) {
 *   return new ResumableStreams({ store: sqliteStore(path) });
 * }
 * ```
 */
export function sqliteStore(
  database: string | SqliteDatabase,
  options: SqliteStoreOptions = {},
): StreamStore {
  checkNames("sqliteStore", options, OPTIONS, { prefix: "table", synchronous: "durability" });
  const table = tableOption(options.table ?? "tidings_streams");
  const durability = durabilityOption(options.durability ?? "normal");
  return new Store(sourceOf("sqliteStore", database), table, durability, clockOption(options.clock));
}

class Store implements StreamStore {
  readonly name: string;
  readonly #link: Link;
  readonly #watcher: Watcher;
  readonly #writer: Writer;
  readonly #streams: Streams;
  readonly #notices: Notices;

  constructor(source: Source, table: string, durability: Durability, clock: Clock) {
    this.name = `SQLite tables ${show(table)} in ${show(source.path)}`;
    const link = this.#link = new Link({
      name: this.name,
      source,
      durability,
      clock,
      setUp: () => {
        if (!hasTables(link, storeTables(table))) link.write(() => link.exec(storeSchema(table)));
      },
    });
    const streams = this.#streams = new Streams(link, table, clock);
    const watcher = this.#watcher = new Watcher(link, clock);
    this.#writer = new Writer({
      link,
      clock,
      tidy: () => streams.sweep(),
      onCommit: () => watcher.committed(),
    });
    this.#notices = new Notices({ link, watcher, writer: this.#writer, streams, clock });
  }

  async create(
    id: string,
    stream: Ownership & { readonly epoch: string; readonly keep: number },
  ): Promise<boolean> {
    const created = await this.#writer.write(() => this.#streams.create(id, stream));
    if (created) this.#notices.owns(id, stream);
    return created;
  }

  append(id: string, batch: StreamBatch): Promise<Appended> {
    const frames = JSON.stringify(batch.frames);
    return this.#writer.write(() => this.#streams.append(id, batch, frames), frames.length);
  }

  async end(id: string, ending: StreamEnding): Promise<StreamHead | undefined> {
    const { token } = ending;
    const isOwner = token !== undefined && this.#notices.holds(id, token);
    const { head, isEnded } = await this.#writer.write(() => this.#streams.end(id, ending));
    // The one who ended it needs no notice of it.
    if (isOwner && isEnded) this.#notices.disowns(id);
    return head;
  }

  async claim(id: string, stream: Ownership & { readonly keep: number }): Promise<StreamHead | undefined> {
    const head = await this.#writer.write(() => this.#streams.claim(id, stream));
    if (head !== undefined) this.#notices.owns(id, stream);
    return head;
  }

  overdue(): Promise<readonly string[]> {
    return this.#read(() => this.#streams.overdue());
  }

  read(id: string, after: number, bytes: number): Promise<StreamPage | undefined> {
    return this.#read(() => this.#link.snapshot(() => this.#streams.read(id, after, bytes)));
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    return this.#notices.watch(id, watcher);
  }

  own(owner: string, listener: (id: string) => void): () => void {
    return this.#notices.own(owner, listener);
  }

  close(): void {
    this.#notices.close();
    this.#writer.close();
    this.#watcher.close();
    this.#link.close();
  }

  async #read<T>(work: () => T): Promise<T> {
    await this.#link.open();
    return await this.#link.ask(work);
  }
}
