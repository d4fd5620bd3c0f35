/**
 * Turns entries of the shared log into events as the Broadcaster's own log takes them.
 *
 * Every entry becomes one, so that each id is a place in the log: a second copy, and one that is no event, is an entry that
 * nobody sees.
 *
 * @module
 */

import { errorText, TidingsError } from "../base/errors.ts";
import { toDraft } from "../log/draft.ts";
import { gapFrame, type GapReason } from "../log/gap.ts";
import type { Draft } from "../log/log.ts";
import type { Backplane, BackplaneEntry } from "./backplane.ts";
import { decodeLoss } from "./losses.ts";
import { decodePayload } from "./payload.ts";

export class EntryDecoder {
  readonly #backplane: Backplane;
  readonly #largest: number;
  readonly #onError: (id: string, error: TidingsError) => void;
  readonly #isCopy: (entry: BackplaneEntry) => boolean;
  /** The last entry that told of a loss, and after which place: one after it that lies within that says nothing new. */
  #lossTold: { readonly id: string; readonly after: string } | undefined;

  /**
   * @param largest Bytes that an event may take.
   * @param onError Told of each entry that is no event, by its id.
   * @param isCopy Tells an entry that is to be left out, as its message lies in the log before.
   */
  constructor(
    backplane: Backplane,
    { largest, onError, isCopy }: {
      largest: number;
      onError: (id: string, error: TidingsError) => void;
      isCopy: (entry: BackplaneEntry) => boolean;
    },
  ) {
    this.#backplane = backplane;
    this.#largest = largest;
    this.#onError = onError;
    this.#isCopy = isCopy;
  }

  decode(entries: readonly BackplaneEntry[]): Draft[] {
    return entries.map((entry) => this.#isCopy(entry) ? placeOnly(entry.id) : this.#decode(entry));
  }

  /** The log has lost its end: what was told of other losses may have been lost, too. */
  rewind(): void {
    this.#lossTold = undefined;
  }

  #decode({ id, payload, foreign }: BackplaneEntry): Draft {
    if (foreign !== undefined) this.#leaveOut(id, foreign);
    if (payload === undefined) return placeOnly(id);
    try {
      const after = decodeLoss(payload);
      if (after !== undefined) return this.#toLoss(id, after);
      const { event, wire } = decodePayload(payload);
      return { ...toDraft(wire, id, this.#largest, (text) => this.#backplane.isId(text)), event };
    } catch (cause) {
      this.#leaveOut(id, errorText(cause), cause);
      return placeOnly(id);
    }
  }

  #leaveOut(id: string, why: string, cause?: unknown): void {
    const message = `Entry ${id} of ${this.#backplane.name} is left out, since it is no event: ${why}`;
    this.#onError(id, new TidingsError("invalid-event", message, { cause }));
  }

  /** A `gap` for entries that the engine lost. Each process that knows of it says so, and the first of them is enough. */
  #toLoss(id: string, after: string): Draft {
    const told = this.#lossTold;
    const compare = this.#backplane.compare.bind(this.#backplane);
    const isKnown = told !== undefined && compare(after, told.after) >= 0 && compare(after, told.id) < 0;
    if (isKnown || !this.#backplane.isId(after)) return placeOnly(id);
    this.#lossTold = { id, after };
    return gapDraft(after, id, "lost");
  }
}

/** A `gap` event that everybody sees who reads on over its place. */
export function gapDraft(requested: string, resumedAt: string, reason: GapReason): Draft {
  return { ...placeOnly(resumedAt), frame: gapFrame({ requested, resumedAt, reason }), audience: "all" };
}

/** An entry that nobody sees, but at which one can stand. */
function placeOnly(id: string): Draft {
  return { id, topic: undefined, key: undefined, event: undefined, frame: "", audience: "none" };
}
