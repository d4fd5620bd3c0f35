/**
 * Tells the second copy of a message from the first: a publisher that was not answered tries again, and the first attempt may
 * have landed after all.
 *
 * @module
 */

import type { BackplaneEntry } from "../backplane.ts";

// Message ids that are remembered. A copy comes within seconds, or never.
const MOST = 10_000;

export class Copies {
  #seen = new Set<string>();
  /** The place to which the log was rewound, and what was seen before. */
  #rewound: { readonly to: string; readonly seen: ReadonlySet<string> } | undefined;

  /** Whether the entry was seen before, by its message id, which is remembered from now on. */
  isCopy({ id, messageId }: BackplaneEntry): boolean {
    // The place itself is most likely what survived, and was seen.
    if (id === this.#rewound?.to && (messageId === undefined || this.#rewound.seen.has(messageId))) {
      return true;
    }
    if (messageId === undefined) return false;
    if (this.#seen.has(messageId)) return true;
    this.#seen.add(messageId);
    if (this.#seen.size > MOST) this.#seen.delete(this.#seen.values().next().value!);
    return false;
  }

  /** The log has lost what came after the entry `to`: what was seen of that is seen no more, should it come again. */
  rewind(to: string): void {
    this.#rewound = { to, seen: this.#seen };
    this.#seen = new Set();
  }
}
