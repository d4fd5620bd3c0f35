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
import type { Archive, Passage } from "./archive.ts";
import type { Locator } from "./locator.ts";

/** Parts of a shared sequencer that a replay works with. */
export interface ReplayParts {
  readonly archive: Archive;
  readonly locator: Locator;
  readonly batcher: Batcher;
  /** Tells the reader its place as soon as this process has read that far. */
  wait(reader: LogReader, at: string): void;
}

const utf8 = new TextEncoder();

export class ArchiveReplay implements Replay {
  readonly #parts: ReplayParts;
  #at: string;
  #isOver = false;

  constructor(at: string, parts: ReplayParts) {
    this.#parts = parts;
    this.#at = at;
  }

  next(reader: LogReader): ReplayPiece | Start | undefined {
    if (this.#isOver) return undefined;
    const { archive, batcher, locator } = this.#parts;
    // Places are places in the log: what was read and lies in the open batch still, above all a loss, comes first.
    batcher.flush();
    if (!locator.isOlder(this.#at)) return locator.startAt(this.#at) ?? this.#wait(reader);
    const passage = archive.read(this.#at, reader);
    return passage && this.#piece(passage, reader);
  }

  /** The engine has what this process's log has not, though it should: the follower is about to notice that, too. */
  #wait(reader: LogReader): undefined {
    this.#isOver = true;
    this.#parts.wait(reader, this.#at);
  }

  #piece({ lost, entries, last }: Passage, reader: LogReader): ReplayPiece {
    const requested = this.#at;
    // The engine may have more than this process has read, and that comes from the log later on.
    const { tip } = this.#parts.locator;
    const end = [lost?.resumedAt, ...entries.map(({ id }) => id)].lastIndexOf(tip);
    const read = end === -1 ? entries : entries.slice(0, end);
    this.#at = end === -1 ? last : tip;
    const seen = read.filter((entry) => reader.view.matches(entry));
    const events = joinEntries(seen);
    if (lost === undefined) return { bytes: events, events: seen.length };
    const reason = lost.end === "beginning" ? "trimmed" : "lost";
    const gap = utf8.encode(gapFrame({ requested, resumedAt: lost.resumedAt, reason }));
    return { bytes: events === undefined ? gap : concat(gap, events), events: seen.length };
  }
}
