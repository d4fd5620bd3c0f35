/**
 * Reads what the scripts of {@linkcode redisStore} answer about a stream.
 *
 * @module
 */

import { splitFrames } from "../store/frames.ts";
import type { StreamHead, StreamPage, StreamRecord } from "../store/store.ts";
import { readText, unreadable } from "./reply.ts";

/** How many fields a head has: see HEAD in scripts.ts. */
const FIELDS = 11;

/** Reads a head, or nothing where there is no stream. */
export function readHead(reply: unknown): StreamHead | undefined {
  // RESP2 and RESP3 say "nothing" in ways that clients tell apart.
  if (reply === null || reply === undefined || reply === false) return undefined;
  if (!Array.isArray(reply) || reply.length < FIELDS) throw unreadable("the head of a stream", reply);
  const text = (index: number) => reply[index] === null ? undefined : readText(reply[index]);
  const number = (index: number) => {
    const value = typeof reply[index] === "number" ? reply[index] : Number(text(index) ?? Number.NaN);
    if (Number.isNaN(value)) throw unreadable("a number", reply[index]);
    return value;
  };
  return {
    epoch: readText(reply[0]),
    state: readText(reply[1]) as StreamHead["state"],
    reason: text(2),
    first: number(3),
    last: number(4),
    bytes: number(5),
    startedAt: number(6),
    endedAt: reply[7] === null ? undefined : number(7),
    lease: number(8),
    claims: number(9),
    readers: number(10),
  };
}

/** Reads a page: a head, and then the last sequence number and the frames of each append. */
export function readPage(reply: unknown, after: number): StreamPage | undefined {
  const head = readHead(reply);
  if (head === undefined) return undefined;
  const fields = reply as unknown[];
  const records: StreamRecord[] = [];
  // What was appended together is trimmed together, so there may be some that count as forgotten.
  const from = Math.max(after + 1, head.first);
  for (let i = FIELDS; i + 1 < fields.length; i += 2) {
    const frames = splitFrames(readText(fields[i + 1]));
    let seq = Number(fields[i]) - frames.length;
    for (const frame of frames) if (++seq >= from) records.push({ seq, frame });
  }
  return { head, records };
}
