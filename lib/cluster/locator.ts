/**
 * Finds the places of the engine's ids in this process's own log.
 *
 * @module
 */

import { cursorFrame, startWithGap } from "../log/gap.ts";
import type { EventLog } from "../log/log.ts";
import type { Start } from "../log/sequencer.ts";
import type { Backplane } from "./backplane.ts";

export class Locator {
  readonly #log: EventLog;
  readonly #backplane: Backplane;
  /** The place before the oldest entry that was ever read; `undefined` before anything was. */
  begin: string | undefined;

  constructor(log: EventLog, backplane: Backplane) {
    this.#log = log;
    this.#backplane = backplane;
  }

  /** The id of the newest entry that was read. */
  get tip(): string {
    return this.#log.idAt(this.#log.tip);
  }

  /** Whether an id could be one of the engine's. */
  isId(text: string): boolean {
    return this.#backplane.isId(text);
  }

  compare(a: string, b: string): number {
    return this.#backplane.compare(a, b);
  }

  /** Whether this process has not read as far as that yet. */
  isAhead(id: string): boolean {
    return this.compare(id, this.tip) > 0;
  }

  /** The start of a client that is new. */
  startAtTip(): Start {
    return { cursor: this.#log.tip, opening: cursorFrame(this.tip) };
  }

  /** The start of a client that wants all that this process keeps. */
  startAtOldest(): Start {
    const cursor = this.#log.oldest - 1;
    return { cursor, opening: cursorFrame(this.#log.idAt(cursor)) };
  }

  /** The start of a client whose id is none: it goes on with what is new, and is told. */
  startInvalid(asked: string): Start {
    return startWithGap(asked, this.#log.tip, this.tip, "invalid");
  }

  /** The start of a client whose id is none of this log: it goes on at the place before, and is told. */
  startUnknown(id: string): Start {
    const cursor = this.#floor(id);
    return startWithGap(id, cursor, this.#log.idAt(cursor), "unknown");
  }

  /** Whether an id is older than all that this log keeps. */
  isOlder(id: string): boolean {
    const log = this.#log;
    return this.compare(id, log.idAt(log.oldest - 1)) < 0;
  }

  /** The start at an id, if that is a place in this log. */
  startAt(id: string): Start | undefined {
    const cursor = this.#floor(id);
    return this.#log.idAt(cursor) === id ? { cursor, opening: "" } : undefined;
  }

  #floor(id: string): number {
    return this.#log.floor(id, (a, b) => this.compare(a, b));
  }

  /**
   * A place that was read and is older than an id: the newest, or, if another entry after the id was read first, one before.
   * Before anything was read no place but the id itself is known.
   */
  placeBefore(id: string): string {
    if (this.begin === undefined) return id;
    const log = this.#log;
    const place = log.idAt(this.#floor(id));
    return this.compare(place, id) < 0 ? place : this.begin;
  }
}
