/**
 * One client's way from a place in the archive to its place in this process's log.
 *
 * @module
 */

import { joinEntries } from "../log/log.ts";
import { gapFrame } from "../log/gap.ts";
import type { LogReader, Replay, ReplayPiece, Start } from "../log/sequencer.ts";
import type { Archive } from "./archive.ts";

const encoder = new TextEncoder();

/** This process's log, to which the way leads. */
export interface Place {
  /** Where an id is in the log, or `undefined` if it is older than the log. */
  startAt(id: string): Start | undefined;
  /** Whether the process has not read as far as that yet. */
  isAhead(id: string): boolean;
  readonly log: { readonly tip: number; idAt(seq: number): string };
}

export class ArchiveReplay implements Replay {
  readonly #archive: Archive;
  readonly #goal: Place;
  #at: string;

  constructor(archive: Archive, at: string, goal: Place) {
    this.#archive = archive;
    this.#at = at;
    this.#goal = goal;
  }

  next(reader: LogReader): ReplayPiece | Start | undefined {
    const start = this.#goal.startAt(this.#at);
    if (start !== undefined) return start;
    const passage = this.#archive.read(this.#at, reader);
    if (passage === undefined) return undefined;
    const { lost, entries, last } = passage;
    const { log } = this.#goal;
    const requested = this.#at;
    // The engine may have more than this process has read, and that comes from the log later on.
    const isFar = this.#goal.isAhead(last);
    this.#at = isFar ? log.idAt(log.tip) : last;
    const seen = entries.filter((entry) =>
      reader.view.matches(entry) && !(isFar && this.#goal.isAhead(entry.id))
    );
    const events = joinEntries(seen);
    if (lost === undefined) return { bytes: events, events: seen.length };
    const reason = lost.end === "beginning" ? "trimmed" : "epoch";
    const resumedAt = this.#goal.isAhead(lost.resumedAt) ? this.#at : lost.resumedAt;
    const gap = encoder.encode(gapFrame({ requested, resumedAt, reason }));
    const bytes = new Uint8Array(gap.byteLength + (events?.byteLength ?? 0));
    bytes.set(gap);
    if (events !== undefined) bytes.set(events, gap.byteLength);
    return { bytes, events: seen.length };
  }
}
