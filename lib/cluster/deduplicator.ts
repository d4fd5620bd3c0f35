/**
 * Tells the second copy of a message from the first: a publisher that was not answered tries again, and the first attempt may
 * have landed after all.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";
import type { BackplaneEntry } from "./backplane.ts";

// Message ids that are remembered, at least. A copy comes within seconds, or never.
const MOST = 10_000;

export class Deduplicator {
  readonly #compare: (a: string, b: string) => number;
  /** The entry at which each message was met. */
  readonly #seen = new RecentMap<string, string>(MOST);
  /** The entry that survived when the log's end was lost. */
  #survivor: { readonly id: string; readonly isOld: boolean } | undefined;

  constructor(compare: (a: string, b: string) => number) {
    this.#compare = compare;
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
    this.#seen.prune((id) => this.#compare(id, to) > 0);
  }
}
