/**
 * Keeps streams of one piece of work each in NATS JetStream.
 *
 * All that happens to a stream is a message on a subject of its own, appended only if the one that was read before is still
 * the last: the server compares and appends in one step. So an owner that lost its stream writes no more, of many who claim
 * one succeeds, and nothing follows an end.
 *
 * @module
 */

import { unref } from "../base/runtime.ts";
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
import { unavailable } from "./errors.ts";
import { type Draft, type Life, type Stored, writeStored } from "./store_message.ts";
import { Overdue } from "./store_overdue.ts";
import { Owned } from "./store_owned.ts";
import { readPage } from "./store_pages.ts";
import type { StoreStream } from "./store_stream.ts";
import { StoreWatches } from "./store_watches.ts";

// How often something is tried anew because somebody else was quicker.
const ATTEMPTS = 30;
// How often it looks after what it has begun, in milliseconds.
const TICK = 1_000;

const utf8 = new TextEncoder();
const text = new TextDecoder();

export class JetStreamStore implements StreamStore {
  readonly name: string;
  readonly #stream: StoreStream;
  readonly #process: string;
  readonly #watches: StoreWatches;
  readonly #overdue: Overdue;
  readonly #owned = new Map<string, Owned>();
  /** What this process has ended, by subject, to be taken out in time. */
  readonly #ended = new Map<string, { readonly seq: number; readonly at: number }>();
  #timer: unknown;
  #isClosed = false;
  readonly #mended = () => this.#watches.mended();

  constructor(stream: StoreStream) {
    this.name = stream.name;
    this.#stream = stream;
    // Node 18 has no global `crypto`, and unlikely is enough here.
    this.#process = [0, 0].map(() => stream.clock.random().toString(36).slice(2)).join("");
    this.#watches = new StoreWatches(stream, this.#process);
    this.#overdue = new Overdue(stream);
    stream.link.mends.add(this.#mended);
  }

  async create(
    id: string,
    { epoch, owner, token, lease, keep }: Ownership & { readonly epoch: string; readonly keep: number },
  ): Promise<boolean> {
    await this.#stream.checkAge(lease + keep);
    // From before it is written: whoever watches already says so when it is.
    const owned = await Owned.listen(this.#stream, id, token, this.#process);
    let former: Stored | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (former?.life.token === token && await this.#stream.stands(former.subject)) {
          this.#install(id, owned);
          return true;
        }
        const taken = former !== undefined && former.life.state === "running" && !this.#isGone(former);
        if (taken && former!.life.leaseEnd > this.#stream.time.latest()) return false;
        const life = {
          epoch,
          owner,
          token,
          state: "running" as const,
          reason: undefined,
          first: 1,
          last: 0,
          bytes: 0,
          claims: 0,
          readers: 0,
          lease,
        };
        const unless = taken ? former!.life : undefined;
        const subject = former?.subject ?? await this.#stream.log(id);
        const stored = await this.#write(subject, former?.seq ?? 0, { kind: "made", life, keep, unless });
        if (stored !== undefined && !await this.#stream.stands(subject)) {
          void this.#stream.purge(subject, stored.seq + 1);
        } else if (stored?.counts) {
          owned.took(stored, lease, keep);
          this.#install(id, owned);
          // What the subject holds of earlier streams.
          if (former !== undefined) void this.#stream.purge(subject, stored.seq);
          if (unless !== undefined) await this.#tellOwner(unless.owner, id);
          return true;
        }
        former = await this.#last(id);
      }
      throw this.#contended();
    } finally {
      if (this.#owned.get(id) !== owned) owned.close();
    }
  }

  async append(id: string, batch: StreamBatch): Promise<Appended> {
    const { token, lease, keep, trim } = batch;
    let owned = this.#owned.get(id);
    let current = owned?.token === token ? owned.current : undefined;
    current ??= await this.#head(id);
    let wrote = false;
    for (let attempt = 0; attempt < ATTEMPTS;) {
      const life = current?.life;
      if (life?.state !== "running" || life.token !== token) {
        this.#disown(id, token);
        return { written: false, head: life && this.#headOf(id, life) };
      }
      if (owned?.token !== token) {
        this.#install(id, owned = await Owned.listen(this.#stream, id, token, this.#process));
      }
      const first = Math.max(batch.first, life.last + 1);
      const rest = batch.frames.slice(first - batch.first);
      if (wrote && rest.length === 0) {
        owned.trim();
        return { written: true, readers: this.#readers(id, owned) };
      }
      const { frames, bytes } = fitting(rest, await this.#stream.maxPayload() / 2);
      const sentAt = this.#stream.clock.now();
      const asks = owned.presence.ask(sentAt);
      const next: Life = {
        ...life,
        first: Math.max(life.first, trim + 1),
        last: frames.length === 0 ? life.last : first + frames.length - 1,
        bytes: life.bytes + bytes,
        readers: this.#readers(id, owned),
        lease,
      };
      const from = frames.length === 0 ? undefined : first;
      const { subject } = current!;
      const seq = await this.#stream.put(
        subject,
        current!.seq,
        writeStored({ kind: "batch", life: forLine(next), keep, from, frames, asks }),
      );
      if (seq === undefined) {
        attempt++;
        current = await this.#head(id);
        continue;
      }
      wrote = true;
      const leaseEnd = this.#stream.time.now() + lease;
      current = { subject, seq, life: { ...next, leaseEnd, expires: leaseEnd + keep }, from };
      owned.wrote(current, sentAt, lease, keep);
    }
    throw this.#contended();
  }

  async end(id: string, ending: StreamEnding): Promise<StreamHead | undefined> {
    const { state, reason, keep } = ending;
    await this.#stream.checkAge(keep);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const head = await this.#head(id);
      if (head === undefined) return undefined;
      const { life } = head;
      const { token = life.token, overdue = false } = ending;
      const early = overdue && life.leaseEnd > this.#stream.time.latest();
      if (life.state !== "running" || life.token !== token || early) return this.#headOf(id, life);
      const ended = await this.#write(head.subject, head.seq, {
        kind: "ended",
        life: { ...forLine(life), state, reason },
        keep,
        unless: overdue ? life : undefined,
      });
      if (ended === undefined) continue;
      if (!ended.counts) return this.#headOf(id, ended.life);
      this.#disown(id, life.token);
      if (ending.token === undefined) await this.#tellOwner(life.owner, id);
      this.#ended.set(ended.subject, { seq: ended.seq, at: this.#stream.clock.now() + keep });
      this.#tickLater();
      return this.#headOf(id, ended.life);
    }
    throw this.#contended();
  }

  async claim(
    id: string,
    { owner, token, lease, keep }: Ownership & { readonly keep: number },
  ): Promise<StreamHead | undefined> {
    await this.#stream.checkAge(lease + keep);
    let owned: Owned | undefined;
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const head = await this.#head(id);
        if (head?.life.state !== "running") return undefined;
        const { life } = head;
        const mine = life.token === token;
        if (!mine && life.leaseEnd > this.#stream.time.latest()) return undefined;
        owned ??= await Owned.listen(this.#stream, id, token, this.#process);
        const stored = await this.#write(head.subject, head.seq, {
          kind: "claimed",
          life: { ...forLine(life), owner, token, lease, claims: life.claims + (mine ? 0 : 1) },
          keep,
          unless: mine ? undefined : life,
        });
        if (stored === undefined || !await this.#stream.stands(head.subject)) continue;
        if (!stored.counts) return undefined;
        owned.took(stored, lease, keep);
        this.#install(id, owned);
        if (!mine) await this.#tellOwner(life.owner, id);
        return this.#headOf(id, stored.life);
      }
      throw this.#contended();
    } finally {
      if (this.#owned.get(id) !== owned) owned?.close();
    }
  }

  overdue(): Promise<readonly string[]> {
    return this.#overdue.list();
  }

  async read(id: string, after: number, bytes: number): Promise<StreamPage | undefined> {
    try {
      const head = await this.#head(id);
      this.#watches.heard(id, head);
      if (head === undefined) return undefined;
      const { first, records } = await readPage(this.#stream, head, after, bytes);
      return { head: { ...this.#headOf(id, head.life), first }, records };
    } catch (error) {
      this.#watches.failed(id);
      throw error;
    }
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    const stop = this.#watches.add(id, watcher);
    this.#tickLater();
    return stop;
  }

  own(owner: string, listener: (id: string) => void): () => void {
    let subscription: { unsubscribe(): void } | undefined;
    let stopped = false;
    this.#stream.connection().then((connection) => {
      if (stopped) return;
      subscription = connection.subscribe(this.#stream.subjects.owner(owner), {
        callback: (error, { data }) => error === null && listener(text.decode(data)),
      });
    }).catch(() => {
      // The next call tells.
    });
    return () => {
      stopped = true;
      subscription?.unsubscribe();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stream.clock.clearTimeout(this.#timer);
    this.#stream.link.mends.delete(this.#mended);
    this.#watches.close();
    for (const owned of this.#owned.values()) owned.close();
    this.#owned.clear();
  }

  /** The last message of a stream that is not forgotten. */
  async #head(id: string): Promise<Stored | undefined> {
    const last = await this.#last(id);
    return last === undefined || this.#isGone(last) ? undefined : last;
  }

  /** The last message of a stream, though it may be one to be forgotten. */
  async #last(id: string): Promise<Stored | undefined> {
    await this.#stream.learnTime();
    return await this.#stream.head(id);
  }

  #isGone({ life }: Stored): boolean {
    return life.expires <= this.#stream.time.now();
  }

  /** Appends a message, and reads it back: only then is it known when that was. */
  async #write(subject: string, after: number, draft: Draft): Promise<Stored | undefined> {
    const sentAt = this.#stream.clock.now();
    const seq = await this.#stream.put(subject, after, writeStored(draft));
    return seq === undefined ? undefined : await this.#stream.confirm(subject, seq, sentAt);
  }

  /** Takes a stream for this process's own, in the place of what it knew of one by that id. */
  #install(id: string, owned: Owned): void {
    const former = this.#owned.get(id);
    if (former !== owned) former?.close();
    this.#owned.set(id, owned);
    this.#tickLater();
  }

  #disown(id: string, token: string): void {
    const owned = this.#owned.get(id);
    if (owned?.token !== token) return;
    owned.close();
    this.#owned.delete(id);
  }

  #readers(id: string, { presence }: Owned): number {
    return presence.size + (this.#watches.has(id) ? 1 : 0);
  }

  #headOf(id: string, life: Life): StreamHead {
    const { epoch, token, state, reason, first, last, bytes, startedAt, endedAt, claims } = life;
    const owned = this.#owned.get(id);
    const readers = owned?.token === token
      ? this.#readers(id, owned)
      : Math.max(life.readers, this.#watches.has(id) ? 1 : 0);
    const lease = Math.min(life.lease, life.leaseEnd - this.#stream.time.now());
    return { epoch, state, reason, first, last, bytes, startedAt, endedAt, lease, claims, readers };
  }

  async #tellOwner(owner: string, id: string): Promise<void> {
    try {
      (await this.#stream.connection()).publish(this.#stream.subjects.owner(owner), id);
    } catch {
      // Its next append tells.
    }
  }

  #contended(): Error {
    return unavailable(this.name, "others were quicker each time");
  }

  /** Looks after what was begun, as long as there is anything. The timer holds no process up. */
  #tickLater(): void {
    const nothing = this.#watches.size + this.#owned.size + this.#ended.size === 0;
    if (this.#timer !== undefined || this.#isClosed || nothing) return;
    this.#timer = this.#stream.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#tick(this.#stream.clock.now());
      this.#tickLater();
    }, TICK);
    unref(this.#timer);
  }

  #tick(now: number): void {
    this.#watches.check();
    for (const [id, { token, dropAt }] of this.#owned) if (dropAt <= now) this.#disown(id, token);
    for (const [subject, { seq, at }] of this.#ended) {
      if (at > now) continue;
      this.#ended.delete(subject);
      void this.#stream.purge(subject, seq + 1);
    }
  }
}

/** What a message says of a stream: the rest follows from the message's own time. */
function forLine({ endedAt: _, leaseEnd: __, expires: ___, ...rest }: Life): Draft["life"] {
  return rest;
}

/** As many of the first frames as fit into so many bytes, at least one if there is any, and their bytes. */
function fitting(frames: readonly string[], most: number): { frames: readonly string[]; bytes: number } {
  let bytes = 0;
  for (const [index, frame] of frames.entries()) {
    const size = utf8.encode(frame).byteLength;
    if (index > 0 && bytes + size > most) return { frames: frames.slice(0, index), bytes };
    bytes += size;
  }
  return { frames, bytes };
}
