/**
 * One client's way from a place in the archive to its place in this process's log.
 *
 * @module
 */

import { joinEntries } from "../broadcaster/log.ts";
import { gapFrame, type Newcomer, type Replay, type Start } from "../broadcaster/order.ts";
import type { Archive } from "./archive.ts";

const encoder = new TextEncoder();

/** Where a place is in the log, or `undefined` if it is older than the log. */
export type Locate = (id: string) => Start | undefined;

export class ArchiveReplay implements Replay {
  readonly #archive: Archive;
  readonly #client: Newcomer;
  readonly #locate: Locate;
  #at: string;

  constructor(archive: Archive, client: Newcomer, at: string, locate: Locate) {
    this.#archive = archive;
    this.#client = client;
    this.#at = at;
    this.#locate = locate;
  }

  next(): { bytes: Uint8Array | undefined; events: number } | Start | undefined {
    const start = this.#locate(this.#at);
    if (start !== undefined) return start;
    const passage = this.#archive.read(this.#at, this.#client);
    if (passage === undefined) return undefined;
    const { lost, entries, last } = passage;
    const requested = this.#at;
    const seen = entries.filter((entry) => this.#client.view.matches(entry));
    this.#at = last;
    const events = joinEntries(seen);
    if (lost === undefined) return { bytes: events, events: seen.length };
    const reason = lost.end === "beginning" ? "trimmed" : "epoch";
    const gap = encoder.encode(gapFrame({ requested, resumedAt: lost.resumedAt, reason }));
    const bytes = new Uint8Array(gap.byteLength + (events?.byteLength ?? 0));
    bytes.set(gap);
    if (events !== undefined) bytes.set(events, gap.byteLength);
    return { bytes, events: seen.length };
  }
}
