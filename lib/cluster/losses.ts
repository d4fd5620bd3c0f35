/**
 * Knows what the engine has lost of what it had acknowledged, and says so in the log itself, for all processes.
 *
 * There are two ways to know. A reader that stands behind the log's new end sees that its entry is gone. It appends an
 * entry that says so, because a process that had not read the lost ones cannot notice: what it stands at is still there.
 * And a process that was given an acknowledgement, and reads to the log's end without meeting the entry, is the only one
 * that can know: a replica that did not have the entry yet has taken over.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";

/** Writes that entries after an id were lost. */
export function encodeLoss(after: string): string {
  return JSON.stringify({ lost: after });
}

/** The id, if the payload says that. */
export function decodeLoss(payload: string): string | undefined {
  if (!payload.startsWith('{"lost":')) return undefined;
  const { lost } = JSON.parse(payload) as { lost?: unknown };
  return typeof lost === "string" ? lost : undefined;
}

// Messages that were read before their acknowledgement came. Of those that were given up none will come.
const MOST_EARLY = 10_000;

/** An acknowledged entry of this process's that was not read back yet. */
interface Receipt {
  readonly id: string;
  /** The reading that was under way when the acknowledgement came. */
  readonly round: number;
  /** A place before the entry: if it is lost, so may be what came after this. */
  readonly after: string;
}

export class Losses {
  readonly #compare: (a: string, b: string) => number;
  readonly #tell: (after: string) => void;
  /** By message id. */
  readonly #unread = new Map<string, Receipt>();
  readonly #early = new RecentMap<string, true>(MOST_EARLY);
  /** Entries up to this place will not be read any more. */
  #floor: string | undefined;

  /** @param tell Puts into the log that entries after a place were lost. */
  constructor(compare: (a: string, b: string) => number, tell: (after: string) => void) {
    this.#compare = compare;
    this.#tell = tell;
  }

  /** How many acknowledged entries are neither read nor known to be lost. */
  get unread(): number {
    return this.#unread.size;
  }

  acknowledged(messageId: string, receipt: Receipt): void {
    if (this.#early.delete(messageId)) return;
    if (this.#floor !== undefined && this.#compare(receipt.id, this.#floor) <= 0) return;
    this.#unread.set(messageId, receipt);
  }

  /** A message of this process's was read. */
  read(messageId: string): void {
    if (this.#unread.delete(messageId)) return;
    this.#early.set(messageId, true);
  }

  /** Reading goes on at a place: entries before it will not come, and whoever stood there was told. */
  skippedTo(place: string): void {
    this.#floor = place;
    for (const [messageId, { id }] of this.#unread) {
      if (this.#compare(id, place) <= 0) this.#unread.delete(messageId);
    }
  }

  /** The log's end is gone: everything after a place is lost. */
  endLost(place: string): void {
    this.#floor = undefined;
    this.#unread.clear();
    this.#tell(place);
  }

  /**
   * A reading has come to the end: entries that were acknowledged before it, and that it has not met, are lost.
   *
   * @returns Whether others were acknowledged since, of which a later reading will tell.
   */
  caughtUp(round: number): boolean {
    let place: string | undefined;
    for (const [messageId, { round: since, after }] of this.#unread) {
      if (since >= round) continue;
      this.#unread.delete(messageId);
      if (place === undefined || this.#compare(after, place) < 0) place = after;
    }
    if (place !== undefined) this.#tell(place);
    return this.#unread.size > 0;
  }
}
