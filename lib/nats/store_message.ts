/**
 * Writes and reads the messages of a stream in the store.
 *
 * Each message says in its first line all there is to know of the stream besides its events, so that the last message of a
 * subject is its head, and carries the frames that it appends behind that. Times are the server's: that of the message, and
 * those that follow from it.
 *
 * A message that takes a stream from its owner, because the lease is over, says when that is, and what the stream was
 * before. It counts only if the server stored it at that time or later, so that no other clock has a say.
 *
 * @module
 */

import type { EndState } from "../store/store.ts";
import { refused } from "./errors.ts";

/** A stream, as it is after one of its messages. */
export interface Life {
  readonly epoch: string;
  readonly owner: string;
  readonly token: string;
  readonly state: "running" | EndState;
  readonly reason: string | undefined;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly claims: number;
  /** How many processes watched, as far as its owner knew. */
  readonly readers: number;
  /** The sequence of the message that made it. */
  readonly start: number;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Milliseconds. */
  readonly lease: number;
  readonly leaseEnd: number;
  /** When it is forgotten. */
  readonly expires: number;
}

/** What a message does. */
export type Kind = "made" | "batch" | "claimed" | "ended";

/** What is written into a message: of the times, those that do not follow from its own. */
export interface Draft {
  readonly kind: Kind;
  readonly life: Omit<Life, "start" | "startedAt" | "endedAt" | "leaseEnd" | "expires"> & {
    readonly start?: number | undefined;
    readonly startedAt?: number | undefined;
  };
  /** Milliseconds for which it is kept after its end, or after its lease. */
  readonly keep: number;
  /** The sequence number of its first frame, if it has any. */
  readonly from?: number | undefined;
  readonly frames?: readonly string[];
  /** Whoever watches shall say so. */
  readonly asks?: boolean;
  /** What it was before, where the message counts only after the end of its lease. */
  readonly unless?: Life | undefined;
}

/** A message as it is stored. */
export interface Stored {
  readonly subject: string;
  readonly seq: number;
  readonly kind: Kind;
  /** False if it came before the lease was over: it changed nothing. */
  readonly counts: boolean;
  readonly life: Life;
  readonly from: number | undefined;
  readonly frames: readonly string[];
  readonly asks: boolean;
}

type Line = Omit<Draft, "frames"> & { readonly sizes?: readonly number[] };

// A byte order mark is part of the text.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export function writeStored({ frames = [], ...rest }: Draft): string {
  const line: Line = frames.length === 0 ? rest : { ...rest, sizes: frames.map(({ length }) => length) };
  return `${JSON.stringify(line)}\n${frames.join("")}`;
}

/** Reads a message. `time` is when the server stored it. */
export function readStored(
  name: string,
  { subject, seq, time, data }: {
    readonly subject: string;
    readonly seq: number;
    readonly time: number;
    readonly data: Uint8Array;
  },
): Stored {
  const text = utf8.decode(data);
  const end = text.indexOf("\n");
  let line: Line;
  try {
    line = JSON.parse(text.slice(0, end));
    if (typeof line.life.epoch !== "string") throw new Error("it has no epoch");
  } catch (error) {
    throw refused(
      name,
      `message ${seq} was not written by a store: choose a stream and a prefix of its own`,
      error,
    );
  }
  const { kind, life, keep, from, asks = false, unless, sizes = [] } = line;
  let at = end + 1;
  const frames = sizes.map((size) => text.slice(at, at += size));
  const counts = unless === undefined || time >= unless.leaseEnd;
  const leaseEnd = time + life.lease;
  return {
    subject,
    seq,
    kind,
    counts,
    life: !counts ? { ...unless, reason: unless.reason, endedAt: unless.endedAt } : {
      ...life,
      reason: life.reason,
      start: life.start ?? seq,
      startedAt: life.startedAt ?? time,
      endedAt: life.state === "running" ? undefined : time,
      leaseEnd,
      expires: (life.state === "running" ? leaseEnd : time) + keep,
    },
    from,
    frames,
    asks,
  };
}
