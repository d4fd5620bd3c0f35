/**
 * Reads one stream without HTTP: what is stored from a place on, then what is new, then the end.
 *
 * @module
 */

import { formatCursor } from "../log/cursor.ts";
import type { StreamPage } from "../store/store.ts";
import { FrameReader, type StoredEvent } from "./event.ts";
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
        const missed = (page.records[0]?.seq ?? page.head.last + 1) - 1;
        if (missed > last) {
          yield gap(epoch, last, missed, page.head.first);
          last = missed;
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
        page = await follower.read(last);
        if (page !== undefined) continue;
        // It is gone, or all is closed: the follower finds out which.
        follower.changed();
        if (follower.end !== undefined) break;
        await new Promise<void>((resolve) => wake = resolve);
      } else if (records.length === 0) {
        if (follower.end !== undefined) break;
        await new Promise<void>((resolve) => wake = resolve);
      }
    }
    if (follower.end === undefined || signal?.aborted) return;
    const record = farewell.record(follower.end);
    const event = record && frames.read(record);
    if (event !== undefined) yield event;
  } finally {
    signal?.removeEventListener("abort", abort);
    follower.leave(reader);
  }
}

function gap(epoch: string, last: number, missed: number, first: number): StoredEvent {
  const [requested, resumedAt] = [formatCursor(epoch, last), formatCursor(epoch, missed)];
  const data = JSON.stringify({ requested, resumedAt, reason: last + 1 < first ? "trimmed" : "lost" });
  return { id: resumedAt, event: "gap", data, sourceId: "" };
}
