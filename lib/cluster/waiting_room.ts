/**
 * Holds the readers whose place in the log is not known yet: they came before anything was read, or with an id of a process
 * that had read further, or had noticed before this one that the log was set back.
 *
 * @module
 */

import type { LogReader, Replay, Start } from "../log/sequencer.ts";

interface Waiting {
  readonly asked: string | undefined;
  /** The reading that was under way when it came. */
  readonly round: number;
}

export class WaitingRoom {
  readonly #readers = new Map<LogReader, Waiting>();

  get size(): number {
    return this.#readers.size;
  }

  enter(reader: LogReader, waiting: Waiting): void {
    this.#readers.set(reader, waiting);
  }

  leave(reader: LogReader): void {
    this.#readers.delete(reader);
  }

  /** Lets those go whose place can be told now. */
  release(placeOf: (asked: string | undefined) => Start | Replay | undefined): void {
    for (const [reader, { asked }] of [...this.#readers]) {
      const place = placeOf(asked);
      if (place === undefined) continue;
      this.#readers.delete(reader);
      reader.begin(place);
    }
  }

  /** Lets those go that came before a reading which has come to the end of the log: their place was not there. */
  giveUp(round: number, placeOf: (asked: string) => Start | Replay): void {
    for (const [reader, { asked, round: since }] of [...this.#readers]) {
      if (since >= round) continue;
      this.#readers.delete(reader);
      reader.begin(placeOf(asked!));
    }
  }
}
