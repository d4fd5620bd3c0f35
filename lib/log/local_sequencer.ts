/**
 * Sequences the events of a Broadcaster that stands alone: it numbers them itself, and an id is `<epoch>-<number>`.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Batcher } from "./batcher.ts";
import { EARLIEST, formatCursor, isCursor, newEpoch, parseCursor } from "./cursor.ts";
import { toDraft } from "./draft.ts";
import { cursorFrame, startWithGap } from "./gap.ts";
import type { EventLog, Selection } from "./log.ts";
import type { Health, Sequencer, Start } from "./sequencer.ts";
import type { PublishableEvent } from "./typed.ts";

export class LocalSequencer implements Sequencer {
  readonly #log: EventLog;
  readonly #batcher: Batcher;
  readonly #epoch: string;
  #published = 0;

  constructor(log: EventLog, batcher: Batcher, clock: Clock) {
    this.#log = log;
    this.#batcher = batcher;
    this.#epoch = newEpoch(clock);
    log.restart(formatCursor(this.#epoch, 0));
  }

  get published(): number {
    return this.#published;
  }

  publish(input: PublishableEvent): Promise<string> {
    const id = formatCursor(this.#epoch, this.#published + 1);
    const draft = toDraft(input, id, this.#log.limits.eventBytes, isCursor);
    this.#published++;
    this.#batcher.add(draft);
    return Promise.resolve(id);
  }

  locate(asked: string | undefined, view: Selection): Start {
    const log = this.#log;
    const { tip } = log;
    if (asked === undefined) return { cursor: tip, opening: cursorFrame(log.idAt(tip)) };
    const oldest = log.oldest - 1;
    if (asked === EARLIEST) return { cursor: oldest, opening: cursorFrame(log.idAt(oldest)) };
    const position = parseCursor(log.placeOf(asked) ?? asked);
    // It is not an id of any log, so nothing can be said of what was missed: the client goes on with what is new.
    if (position === undefined) return startWithGap(asked, tip, log.idAt(tip), "invalid");
    // All of this life of the log is new to the client.
    if (position.epoch !== this.#epoch) return startWithGap(asked, oldest, log.idAt(oldest), "epoch");
    if (position.seq > tip) return startWithGap(asked, tip, log.idAt(tip), "invalid");
    if (log.missed(position.seq, view)) return startWithGap(asked, oldest, log.idAt(oldest), "trimmed");
    return { cursor: position.seq, opening: "" };
  }

  /** Never called: every place is known at once. */
  wait(): void {}

  forget(): void {}

  health(): Health {
    return { ok: true };
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {}
}
