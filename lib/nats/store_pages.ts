/**
 * Reads the events of a stream in the store, from any place in it.
 *
 * The events of one stream lie among those of all others, at sequences that nobody knows from the number of an event. Two
 * messages whose places are known bound the place of a third, and a few questions find one that is near.
 *
 * @module
 */

import type { StreamRecord } from "../store/store.ts";
import type { Stored } from "./store_message.ts";
import type { StoreStream } from "./store_stream.ts";

// So many events, or messages of the JetStream stream, may be read for nothing, in place of more questions.
const NEAR = 64;
const MOST_QUESTIONS = 24;
// The most messages that are fetched together.
const MOST_MESSAGES = 500;

/** What has to be known of a message to look for others of its subject. */
type Known = Pick<Stored, "subject" | "seq" | "life" | "from">;

/** The events after a place, and the oldest that there is as far as that was seen. */
export interface Page {
  readonly first: number;
  readonly records: readonly StreamRecord[];
}

/** Reads some `bytes` of the events after `after`, up to the head. */
export async function readPage(
  stream: StoreStream,
  head: Stored,
  after: number,
  bytes: number,
): Promise<Page> {
  const { life, subject } = head;
  const wanted = Math.max(after + 1, life.first);
  const page = new Records(wanted, life.last, bytes);
  if (wanted > life.last) return { first: life.first, records: [] };
  if (placeOf(head) <= wanted) {
    page.add(head);
    return { first: life.first, records: page.records };
  }

  const oldest = wanted - life.first < NEAR ? undefined : await oldestOf(stream, head);
  let earliest = oldest;
  await stream.each(
    {
      deliver_policy: "by_start_sequence",
      opt_start_seq: oldest === undefined ? life.start : await seek(stream, oldest, head, wanted),
      filter_subject: subject,
    },
    (left) => Math.min(MOST_MESSAGES, Math.ceil(left * bytes / Math.max(1, life.bytes)) + 1),
    (message) => {
      earliest ??= message;
      return page.add(message) && message.seq < head.seq;
    },
  );
  // Those that are older have aged away.
  const oldestKept = earliest === undefined
    ? life.last + 1
    : earliest.seq === life.start
    ? life.first
    : placeOf(earliest);
  return { first: Math.max(life.first, oldestKept), records: page.records };
}

/** The sequence of a message that is at or before an event, and near it. All before it may be forgotten with the event's. */
export async function placeBefore(
  stream: StoreStream,
  head: Known,
  event: number,
): Promise<number> {
  const oldest = await oldestOf(stream, head);
  return oldest === undefined ? head.life.start : await seek(stream, oldest, head, event);
}

function oldestOf(stream: StoreStream, { subject, life }: Known): Promise<Stored | undefined> {
  return stream.find({ seq: life.start, next_by_subj: subject });
}

/** Narrows the space between two messages, by proportion and by halves in turn. */
async function seek(
  stream: StoreStream,
  oldest: Known,
  head: Known,
  event: number,
): Promise<number> {
  const { subject } = head;
  let low = { seq: oldest.seq, event: placeOf(oldest) };
  let high = { seq: head.seq, event: placeOf(head) };
  for (
    let asked = 0;
    asked < MOST_QUESTIONS && event - low.event > NEAR && high.seq - low.seq > NEAR;
    asked++
  ) {
    const share = asked % 2 === 0 ? (event - low.event) / (high.event - low.event) : 0.5;
    const middle = low.seq + Math.max(1, Math.floor((high.seq - low.seq - 1) * share));
    const message = await stream.find({ seq: middle, next_by_subj: subject });
    if (message !== undefined && message.seq < high.seq && placeOf(message) <= event) {
      low = { seq: message.seq, event: placeOf(message) };
    } else {
      // Nothing of this stream lies between the two, if it was the one above.
      high = message === undefined || message.seq >= high.seq
        ? { ...high, seq: middle }
        : { seq: middle, event: placeOf(message) };
    }
  }
  return low.seq;
}

/** The event that a message begins with, or would. */
function placeOf({ from, life }: Known): number {
  return from ?? life.last + 1;
}

/** Gathers the events of messages. */
class Records {
  readonly records: StreamRecord[] = [];
  readonly #bytes: number;
  readonly #last: number;
  #next: number;
  #size = 0;

  constructor(first: number, last: number, bytes: number) {
    this.#next = first;
    this.#last = last;
    this.#bytes = bytes;
  }

  /** Takes what is wanted of a message. False if that is enough. */
  add({ from, frames }: Stored): boolean {
    for (let index = Math.max(0, this.#next - (from ?? 0)); index < frames.length; index++) {
      const seq = from! + index;
      if (seq > this.#last || this.#size >= this.#bytes) return false;
      const frame = frames[index]!;
      this.records.push({ seq, frame });
      this.#size += frame.length;
      this.#next = seq + 1;
    }
    return this.#size < this.#bytes;
  }
}
