/**
 * Leads one client from a place in the archive to its place in this process's log.
 *
 * @module
 */

import { concat } from "../base/bytes.ts";
import type { Batcher } from "../log/batcher.ts";
import { gapFrame } from "../log/gap.ts";
import { joinEntries } from "../log/log.ts";
import type { LogReader, Replay, ReplayPiece, Start } from "../log/sequencer.ts";
import type { Archive } from "./archive.ts";
import type { Locator } from "./locator.ts";

/** Parts of a shared sequencer that a replay works with. */
export interface ReplayParts {
  readonly archive: Archive;
  readonly locator: Locator;
  readonly batcher: Batcher;
}

const utf8 = new TextEncoder();

export class ArchiveReplay implements Replay {
  readonly #archive: Archive;
  readonly #locator: Locator;
  readonly #batcher: Batcher;
  #at: string;

  constructor(at: string, { archive, locator, batcher }: ReplayParts) {
    this.#archive = archive;
    this.#locator = locator;
    this.#batcher = batcher;
    this.#at = at;
  }

  next(reader: LogReader): ReplayPiece | Start | undefined {
    // Places are places in the log: what was read and lies in the open batch still, above all a loss, comes first.
    this.#batcher.flush();
    const locator = this.#locator;
    const start = locator.startAt(this.#at);
    if (start !== undefined) return start;
    const passage = this.#archive.read(this.#at, reader);
    if (passage === undefined) return undefined;
    const { lost, entries, last } = passage;
    const requested = this.#at;
    // The engine may have more than this process has read, and that comes from the log later on.
    const isFar = locator.isAhead(last);
    this.#at = isFar ? locator.tip : last;
    const seen = entries.filter((entry) =>
      reader.view.matches(entry) && !(isFar && locator.isAhead(entry.id))
    );
    const events = joinEntries(seen);
    if (lost === undefined) return { bytes: events, events: seen.length };
    const reason = lost.end === "beginning" ? "trimmed" : "lost";
    const resumedAt = locator.isAhead(lost.resumedAt) ? this.#at : lost.resumedAt;
    const gap = utf8.encode(gapFrame({ requested, resumedAt, reason }));
    return { bytes: events === undefined ? gap : concat(gap, events), events: seen.length };
  }
}
