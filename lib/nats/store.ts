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
import { Presence, readPresence } from "./presence.ts";
import { type Draft, type Life, type Stored, writeStored } from "./store_message.ts";
import { placeBefore, readPage } from "./store_pages.ts";
import { Overdue } from "./store_overdue.ts";
import type { StoreStream } from "./store_stream.ts";
import { StoreWatches } from "./store_watches.ts";

// How often something is tried anew because somebody else was quicker.
const ATTEMPTS = 30;
// How often it looks after what it has begun, in milliseconds.
const TICK = 1_000;
// Events that are trimmed before they are taken out, at least: that is a request of its own.
const TRIM = 64;

// How long a stream is remembered of which nothing is known but that it is one's own, in milliseconds.
const UNSURE = 60_000;

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** What is known of a message that this process wrote. */
type Written = Pick<Stored, "subject" | "seq" | "life" | "from">;

/** A stream that this process writes into. */
interface Owned {
  readonly token: string;
  readonly presence: Presence;
  readonly subscription: { unsubscribe(): void };
  /** What was written last, if that is known and can still be the last. */
  written: Written | undefined;
  /** Until when nobody can have claimed it, by the own clock. */
  safeUntil: number;
  /** When it is forgotten, if nothing follows, by the own clock. */
  dropAt: number;
  /** What is only there to renew the lease, until something else follows. */
  renewal: number | undefined;
  /** How far it was taken out. */
  trimmed: number;
}

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
    const owned = await this.#listen(id, token);
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
          this.#wrote(owned, stored, lease, keep);
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
      if (this.#owned.get(id) !== owned) owned.subscription.unsubscribe();
    }
  }

  async append(id: string, batch: StreamBatch): Promise<Appended> {
    const { token, lease, keep, trim } = batch;
    const now = this.#stream.clock.now();
    let owned = this.#owned.get(id);
    // A process that slept through its lease asks what became of the stream, though the server would refuse it as well.
    let current = owned?.token === token && now < owned.safeUntil ? owned.written : undefined;
    current ??= await this.#head(id);
    let wrote = false;
    for (let attempt = 0; attempt < ATTEMPTS;) {
      const life = current?.life;
      if (life?.state !== "running" || life.token !== token) {
        this.#disown(id, token);
        return { written: false, head: life && this.#headOf(id, life) };
      }
      if (owned?.token !== token) this.#install(id, owned = await this.#listen(id, token));
      const first = Math.max(batch.first, life.last + 1);
      const rest = batch.frames.slice(first - batch.first);
      if (wrote && rest.length === 0) {
        this.#trim(owned);
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
      if (owned.renewal !== undefined) void this.#stream.remove(owned.renewal);
      owned.renewal = from === undefined ? seq : undefined;
      owned.written = current;
      owned.safeUntil = sentAt + lease;
      owned.dropAt = sentAt + lease + keep;
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
        owned ??= await this.#listen(id, token);
        const stored = await this.#write(head.subject, head.seq, {
          kind: "claimed",
          life: { ...forLine(life), owner, token, lease, claims: life.claims + (mine ? 0 : 1) },
          keep,
          unless: mine ? undefined : life,
        });
        if (stored === undefined || !await this.#stream.stands(head.subject)) continue;
        if (!stored.counts) return undefined;
        this.#wrote(owned, stored, lease, keep);
        this.#install(id, owned);
        if (!mine) await this.#tellOwner(life.owner, id);
        return this.#headOf(id, stored.life);
      }
      throw this.#contended();
    } finally {
      if (this.#owned.get(id) !== owned) owned?.subscription.unsubscribe();
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
    for (const { subscription } of this.#owned.values()) subscription.unsubscribe();
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

  #wrote(owned: Owned, written: Stored, lease: number, keep: number): void {
    const { life } = written;
    owned.written = written;
    // By the server's time, as far as that is known at the least.
    owned.safeUntil = this.#stream.clock.now() + Math.max(0, life.leaseEnd - this.#stream.time.latest());
    owned.dropAt = this.#stream.clock.now() + lease + keep;
  }

  /** Listens to who watches a stream. */
  async #listen(id: string, token: string): Promise<Owned> {
    const connection = await this.#stream.connection();
    const presence = new Presence();
    const subscription = connection.subscribe(this.#stream.subjects.presence(id), {
      callback: (error, { data }) => {
        const said = error === null ? readPresence(text.decode(data)) : undefined;
        if (said === undefined || said.process === this.#process) return;
        presence.tell(said.process, said.watches, this.#stream.clock.now());
      },
    });
    const dropAt = this.#stream.clock.now() + UNSURE;
    return {
      token,
      presence,
      subscription,
      written: undefined,
      safeUntil: 0,
      dropAt,
      renewal: undefined,
      trimmed: 0,
    };
  }

  /** Takes a stream for this process's own, in the place of what it knew of one by that id. */
  #install(id: string, owned: Owned): void {
    const former = this.#owned.get(id);
    if (former !== owned) former?.subscription.unsubscribe();
    this.#owned.set(id, owned);
    this.#tickLater();
  }

  #disown(id: string, token: string): void {
    const owned = this.#owned.get(id);
    if (owned?.token !== token) return;
    owned.subscription.unsubscribe();
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

  /** Takes out what was trimmed, once it is worth a request. */
  #trim(owned: Owned): void {
    const { subject, life } = owned.written!;
    const { first, last } = life;
    if (first - 1 - owned.trimmed < Math.max(TRIM, (last - first) / 4)) return;
    const former = owned.trimmed;
    owned.trimmed = first - 1;
    placeBefore(this.#stream, owned.written!, first)
      .then((place) => this.#stream.purge(subject, place))
      .catch(() => owned.trimmed = former);
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
