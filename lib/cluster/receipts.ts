/**
 * What this process appended and has not read back yet.
 *
 * An engine may acknowledge an entry and lose it all the same: a replica that did not have it yet takes over. Readers that
 * had not read it see nothing missing, for what they stand at is still there. Only the process that was given the
 * acknowledgement can know.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";

// Messages that were read before their acknowledgement came. Of those that were given up none will come.
const MOST_EARLY = 10_000;

interface Receipt {
  readonly id: string;
  /** The reading that was under way when the acknowledgement came, and how far had been read. */
  readonly round: number;
  readonly after: string;
}

export class Receipts {
  /** By message id. */
  readonly #unread = new Map<string, Receipt>();
  readonly #early = new RecentMap<string, true>(MOST_EARLY);
  readonly #compare: (a: string, b: string) => number;
  /** What is not after this place will not be read any more. */
  #floor: string | undefined;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
  }

  /** How many are neither read nor known to be lost. */
  get size(): number {
    return this.#unread.size;
  }

  acknowledged(messageId: string, receipt: Receipt): void {
    if (this.#early.delete(messageId)) return;
    if (this.#floor !== undefined && this.#compare(receipt.id, this.#floor) <= 0) return;
    this.#unread.set(messageId, receipt);
  }

  /** A message of this process was read. */
  read(messageId: string): void {
    if (this.#unread.delete(messageId)) return;
    this.#early.set(messageId, true);
  }

  /** Reading goes on at a place: those before it will not come, and whoever stood there was told. */
  skipTo(place: string): void {
    this.#floor = place;
    for (const [messageId, { id }] of this.#unread) {
      if (this.#compare(id, place) <= 0) this.#unread.delete(messageId);
    }
  }

  /** Everything after a place was lost, and that is told. */
  rewind(): void {
    this.#floor = undefined;
    this.#unread.clear();
  }

  /**
   * Forgets those that a reading should have met that has come to the end, and says after which place they were; `undefined`
   * if there are none.
   */
  takeLost(round: number): string | undefined {
    let place: string | undefined;
    for (const [messageId, { round: since, after }] of this.#unread) {
      if (since >= round) continue;
      this.#unread.delete(messageId);
      if (place === undefined || this.#compare(after, place) < 0) place = after;
    }
    return place;
  }
}
