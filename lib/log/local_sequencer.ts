/**
 * The order of a Broadcaster that stands alone: it numbers its events itself, and an id is `<epoch>-<number>`.
 *
 * @module
 */

import { formatCursor, newEpoch, parseCursor } from "./cursor.ts";
import { type PublishableEvent, toDraft } from "./draft.ts";
import { EventLog, type LogLimits } from "./log.ts";
import {
  cursorFrame,
  type Health,
  type LogReader,
  type Sequencer,
  type Start,
  startWithGap,
} from "./sequencer.ts";
import type { Batcher } from "./batcher.ts";

export class LocalSequencer implements Sequencer {
  readonly log: EventLog;
  readonly #epoch: string = newEpoch(Date.now());
  readonly #largest: number;
  readonly #batcher: Batcher;
  #published = 0;

  constructor(limits: LogLimits, now: () => number, batcher: Batcher) {
    this.log = new EventLog(limits, now, formatCursor(this.#epoch, 0));
    this.#largest = limits.bytes;
    this.#batcher = batcher;
  }

  publish(input: PublishableEvent): Promise<string> {
    const id = formatCursor(this.#epoch, this.#published + 1);
    const draft = toDraft(input, id, this.#largest);
    this.#published++;
    this.#batcher.deliver(draft);
    return Promise.resolve(id);
  }

  place({ asked, view }: LogReader): Start {
    const { log } = this;
    if (asked === undefined) return { cursor: log.tip, opening: cursorFrame(log.idAt(log.tip)) };
    const { tip } = log;
    const oldest = log.oldest - 1;
    const position = parseCursor(asked);
    // Not an id of any log, so nothing can be said of what was missed: it goes on with what is new.
    if (position === undefined) return startWithGap(asked, tip, log.idAt(tip), "invalid");
    // All of this life of the log is new to it.
    if (position.epoch !== this.#epoch) return startWithGap(asked, oldest, log.idAt(oldest), "epoch");
    if (position.seq > tip) return startWithGap(asked, tip, log.idAt(tip), "invalid");
    if (log.missed(position.seq, view)) return startWithGap(asked, oldest, log.idAt(oldest), "trimmed");
    return { cursor: position.seq, opening: "" };
  }

  forget(): void {}

  health(): Health {
    return { ok: true };
  }

  settled(): Promise<void> {
    return Promise.resolve();
  }

  stop(): void {}
}
