/**
 * Reads one stream without HTTP: what is stored from a place on, then what is new, then the end.
 *
 * @module
 */

import type { StreamHead, StreamPage } from "../store/store.ts";
import { GAP } from "../wire/names.ts";
import { FrameReader, gapTo, type StoredEvent } from "./event.ts";
import type { Farewell } from "./farewell.ts";
import type { Follower, Reader } from "./follower.ts";

/** Where a reading begins, and what ends it. */
export interface Reading {
  readonly follower: Follower;
  /** The last event that the reader has. */
  readonly after: number;
  /** What was read from there. */
  readonly page: StreamPage;
  readonly farewell: Farewell;
  readonly signal: AbortSignal | undefined;
  /** Whether all streams of the process are being closed. */
  readonly isClosed: () => boolean;
}

/** The events, until the end or the signal. The last one tells of the end. */
export async function* readOn(reading: Reading): AsyncGenerator<StoredEvent, void> {
  const { follower, farewell, signal, isClosed } = reading;
  const { epoch } = follower;
  const frames = new FrameReader(epoch);
  let last = reading.after;
  let page: StreamPage | undefined = reading.page;
  let wake = () => {};
  const reader: Reader = { news: () => wake() };
  const abort = () => wake();
  signal?.addEventListener("abort", abort);
  follower.join(reader);
  try {
    while (!signal?.aborted && !isClosed()) {
      if (page !== undefined) {
        const before = (page.records[0]?.seq ?? page.head.last + 1) - 1;
        if (before > last) {
          yield gap(page.head, last, before);
          last = before;
        }
      }
      const records = page?.records ?? follower.records(last);
      page = undefined;
      for (const record of records) {
        const event = frames.read(record);
        last = record.seq;
        if (event !== undefined) yield event;
        if (signal?.aborted) return;
      }
      if (!follower.covers(last)) {
        const aborted = new Promise<undefined>((resolve) =>
          wake = () => signal?.aborted && resolve(undefined)
        );
        page = await Promise.race([follower.read(last), aborted]);
        if (page !== undefined) continue;
        // It is gone, or all is closed: the follower finds out which.
        follower.changed();
      } else if (records.length > 0) continue;
      if (follower.end !== undefined) break;
      if (!signal?.aborted && !isClosed()) await new Promise<void>((resolve) => wake = resolve);
    }
    const { end } = follower;
    if (end === undefined || signal?.aborted) return;
    // The store has the stream no more, and with it what this reader has not had.
    if (end.last > last) yield gap(end, last, end.last);
    const record = farewell.record(end);
    const event = record && frames.read(record);
    if (event !== undefined) yield event;
  } finally {
    signal?.removeEventListener("abort", abort);
    follower.leave(reader);
  }
}

function gap(head: StreamHead, cursor: number, last: number): StoredEvent {
  const data = gapTo(head, cursor, last);
  return { id: data.resumedAt, event: GAP, data: JSON.stringify(data), sourceId: "" };
}
