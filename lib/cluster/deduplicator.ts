/**
 * Tells the second copy of a message from the first: a publisher that was not answered tries again, and the first attempt may
 * have landed after all.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";
import type { BackplaneEntry } from "./backplane.ts";

/** Message ids that are remembered, at least. A copy comes within seconds, or never. */
export const MOST_REMEMBERED = 10_000;

export class Deduplicator {
  readonly #compare: (a: string, b: string) => number;
  /** The entry at which each message was met, in reading on. */
  readonly #seen = new RecentMap<string, string>(MOST_REMEMBERED);
  /** The same of what was read once more, for clients: the first entry that was met so far. */
  readonly #readAgain = new RecentMap<string, string>(MOST_REMEMBERED);
  /** The entry that survived when the log's end was lost. */
  #survivor: { readonly id: string; readonly isOld: boolean } | undefined;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
  }

  /** Remembers entries that lie before all others, oldest first: what comes may be a copy of one of them. */
  remember(entries: readonly BackplaneEntry[]): void {
    for (const { id, messageId } of entries) {
      if (messageId !== undefined && !this.#seen.has(messageId)) this.#seen.set(messageId, id);
    }
  }

  /**
   * Whether an entry that is read once more, from any place and perhaps not for the first time, is a copy: whether its
   * message lies before it, too, also where that was not asked for.
   */
  isCopyReadAgain({ id, messageId }: BackplaneEntry): boolean {
    if (messageId === undefined) return false;
    const isBefore = (first: string | undefined) => first !== undefined && this.#compare(first, id) < 0;
    if (isBefore(this.#seen.get(messageId)) || isBefore(this.#readAgain.get(messageId))) return true;
    this.#readAgain.set(messageId, id);
    return false;
  }

  /** Whether the entry was seen before, by its message id, which is remembered from now on. */
  isCopy({ id, messageId }: BackplaneEntry): boolean {
    const isSurvivor = id === this.#survivor?.id;
    // Without a message id it cannot be told from another, and most likely it is the same.
    if (messageId === undefined) return isSurvivor;
    if (this.#seen.has(messageId)) return true;
    this.#seen.set(messageId, id);
    return isSurvivor && this.#survivor!.isOld;
  }

  /**
   * The log has lost its entries after one: they count as not seen, should they come again. The entry itself comes again
   * now; it is left out if it was seen, or is old: from before anything was.
   */
  rewind(to: string, isOld: boolean): void {
    this.#survivor = { id: to, isOld };
    for (const places of [this.#seen, this.#readAgain]) places.prune((id) => this.#compare(id, to) > 0);
  }
}
