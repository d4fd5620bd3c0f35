/**
 * Reads a JetStream stream as the contract of a backplane asks for.
 *
 * JetStream numbers its messages without holes, so it can prove more than that an entry is still held: if the oldest
 * message that is left is the one right after a place, or the place is the newest there ever was, nothing behind that
 * place is lost, though the entry itself is gone. That is every place after a quiet time longer than the stream's
 * `max_age`, and no reason to tell anybody of a gap.
 *
 * @module
 */

import type { BackplaneEntry, BackplaneReader } from "../cluster/backplane.ts";
import { unavailable } from "./errors.ts";
import { compareIds, parseId, type Place } from "./id.ts";
import { type Found, Scan } from "./scan.ts";
import type { Stream, StreamState } from "./stream.ts";

// How often a place is looked for in a stream that is trimmed faster than it can be read, or made anew meanwhile.
const ATTEMPTS = 5;
// How long a wait lasts in which nothing is appended, in milliseconds.
const WAIT = 1_500;

export class JetStreamReader implements BackplaneReader {
  readonly #stream: Stream;
  #scan: Scan | undefined;
  #closed = false;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  async range(from: string, limit: number): Promise<readonly BackplaneEntry[]> {
    for (let attempt = 1;; attempt++) {
      const entries = await this.#read(from, limit, attempt === ATTEMPTS);
      if (entries !== undefined) return entries.map(plain);
      this.#drop();
    }
  }

  async before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const state = await this.#stream.state();
      const place = to === undefined ? undefined : parseId(to);
      if (to === undefined && state.messages === 0) {
        await this.#stream.appendPlace(state.last);
        continue;
      }
      const newest = place === undefined ? state.last : newestUpTo(place, state);
      const entries = await this.#newest(state, newest, limit);
      if (entries === undefined) continue;
      // The entry with that sequence may be another message.
      const wanted = to === undefined ? entries : entries.filter(({ id }) => compareIds(id, to) <= 0);
      if (wanted.length > 0 || to !== undefined) return wanted.map(plain);
    }
    throw unavailable(
      this.#stream.name,
      "it changes faster than it can be read; raise maxEvents or maxAge",
    );
  }

  async wait(after: string): Promise<void> {
    const scan = this.#scan;
    // Somewhere else there may be entries: reading tells.
    if (scan?.position?.id !== after) {
      const [first, second] = await this.range(after, 2);
      if (first?.id !== after || second !== undefined) return this.#drop();
    }
    await this.#scan?.wait(WAIT);
  }

  close(): void {
    this.#closed = true;
    this.#drop();
  }

  #drop(): void {
    this.#scan?.close();
    this.#scan = undefined;
  }

  /** Keeps the scan to read on from later, in the place of another. */
  #keep(scan: Scan): Scan {
    this.#drop();
    if (this.#closed) {
      scan.close();
      throw unavailable(this.#stream.name, "the reader is closed");
    }
    this.#scan = scan;
    return scan;
  }

  /**
   * Reads on from a place; `undefined` if the stream changed meanwhile so that it has to be looked for anew. What was read
   * before that is handed out only if `final`: it is as true as the rest, but looks as if there were no more.
   */
  async #read(from: string, limit: number, final: boolean): Promise<Found[] | undefined> {
    const known = this.#scan?.position?.id === from;
    const scan = known ? this.#scan! : await this.#seek(from);
    if (scan === undefined) return undefined;
    const entries = [scan.position!];
    // How far the stream reached at some time during this call.
    let end: number | undefined;
    for (;;) {
      while (entries.length < limit && await scan.peek(limit - entries.length) !== undefined) {
        const next = await scan.take();
        if (next === undefined) return final && entries.length > 1 ? entries : undefined;
        entries.push(next);
      }
      // A consumer that was made during this call has brought all that there was then.
      if (entries.length === limit || !known) return entries;
      const { sequence } = scan.position!;
      if (end !== undefined && sequence >= end) return entries;
      if (end === undefined) {
        // One that is older may hear of a message after its publisher did, and after the readers of other consumers.
        const state = await this.#stream.state();
        if (state.created !== scan.created || state.last < sequence) return undefined;
        end = state.last;
        if (end === sequence) return await this.#stands(entries, state) ? entries : undefined;
      }
      // If the consumer does not bring them, it is gone.
      if (await scan.expect(end - sequence) === undefined) return undefined;
    }
  }

  /** Whether the one entry that was found is still the newest: if the stream lost its end and grew again, it is another. */
  async #stands([entry, ...more]: readonly Found[], { first, messages }: StreamState): Promise<boolean> {
    if (more.length > 0 || messages === 0 || entry!.sequence < first) return true;
    return await this.#stream.holds(entry!.sequence, entry!.tag);
  }

  /** Begins to read at a place: the scan's position is then the first entry that is to be answered. */
  async #seek(from: string): Promise<Scan | undefined> {
    const state = await this.#stream.state();
    const place = parseId(from);
    if (place === undefined) return this.#oldest(state);
    const { sequence, tag } = place;
    const newest = newestUpTo(place, state);
    if (place.created !== state.created || sequence > newest) {
      return await this.#at(state, newest) ?? this.#oldest(state);
    }

    const scan = await Scan.open(this.#stream, state.created, sequence);
    if (scan === undefined) return undefined;
    this.#keep(scan);
    const next = await scan.peek(2);
    if (next?.sequence === sequence && next.tag === tag) {
      await scan.take();
      return scan;
    }
    // Nothing behind it was ever lost, only itself.
    if ((next?.sequence ?? state.last + 1) === sequence + 1) {
      scan.position = standIn(from, place);
      return scan;
    }
    if (sequence < state.first) return this.#oldest(state);
    return await this.#at(state, sequence - 1) ?? this.#oldest(state);
  }

  /** Begins to read at the newest entry up to a sequence, if there is one. */
  async #at(state: StreamState, sequence: number): Promise<Scan | undefined> {
    const [entry] = await this.#newest(state, sequence, 1) ?? [];
    if (entry === undefined) return undefined;
    // The scan that found it may have gone further.
    if (this.#scan?.position === entry) return this.#scan;
    const scan = await Scan.open(this.#stream, state.created, entry.sequence);
    if (scan === undefined) return undefined;
    this.#keep(scan);
    await scan.peek(2);
    return await scan.take() === undefined ? undefined : scan;
  }

  /** Begins to read at the oldest entry, of which there is one at least. */
  async #oldest(state: StreamState): Promise<Scan | undefined> {
    if (state.messages === 0) {
      await this.#stream.appendPlace(state.last);
      return undefined;
    }
    const scan = await Scan.open(this.#stream, state.created, state.first);
    if (scan === undefined) return undefined;
    this.#keep(scan);
    await scan.peek(2);
    return await scan.take() === undefined ? undefined : scan;
  }

  /** The newest entries up to a sequence, oldest first; `undefined` if the stream was made anew meanwhile. */
  async #newest(state: StreamState, sequence: number, limit: number): Promise<Found[] | undefined> {
    if (state.messages === 0 || sequence < state.first) return [];
    // Entries that were deleted one by one leave holes: then more has to be looked at.
    for (let width = limit;; width *= 2) {
      const start = Math.max(state.first, sequence - width + 1);
      const scan = await Scan.open(this.#stream, state.created, start);
      if (scan === undefined) return undefined;
      this.#keep(scan);
      const entries = await upTo(scan, sequence, start);
      if (entries.length >= limit || start === state.first) return entries.slice(-limit);
    }
  }
}

/** Reads a scan from a sequence up to another one, both inclusive: what is left of that, without a loss in between. */
async function upTo(scan: Scan, sequence: number, start: number): Promise<Found[]> {
  let entries: Found[] = [];
  for (let wanted = sequence - start + 1; wanted > 0;) {
    const next = await scan.peek(wanted);
    if (next === undefined || next.sequence > sequence) break;
    const taken = await scan.take();
    if (taken === undefined) {
      // Trimmed up to here meanwhile: what was read before is not followed by this.
      entries = [];
      scan.position = undefined;
      continue;
    }
    entries.push(taken);
    wanted = sequence - taken.sequence;
  }
  return entries;
}

/** The newest sequence that may be not after a place. A stream of another time is older or newer as a whole. */
function newestUpTo({ created, sequence }: Place, state: StreamState): number {
  if (created === state.created) return Math.min(sequence, state.last);
  return parseInt(created, 36) > parseInt(state.created, 36) ? state.last : 0;
}

/** What is answered for an entry that is gone, where nothing behind it is. */
function standIn(id: string, { sequence, tag }: Place): Found {
  return { id, sequence, tag, messageId: undefined, payload: undefined };
}

function plain({ id, messageId, payload }: Found): BackplaneEntry {
  return { id, messageId, payload };
}
