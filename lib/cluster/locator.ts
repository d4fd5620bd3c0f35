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

  /** The start of a client whose id is none, or none of this log: it goes on with what is new, and is told. */
  startLost(asked: string, reason: "invalid" | "unknown"): Start {
    return startWithGap(asked, this.#log.tip, this.tip, reason);
  }

  /** The start at an id, which is not ahead, or `undefined` if it is older than this log. */
  startAt(id: string): Start | undefined {
    const log = this.#log;
    if (this.compare(id, log.idAt(log.oldest - 1)) < 0) return undefined;
    const cursor = log.floor(id, (a, b) => this.compare(a, b));
    const found = log.idAt(cursor);
    return found === id ? { cursor, opening: "" } : startWithGap(id, cursor, found, "unknown");
  }

  /**
   * A place that was read and is older than an id: the newest, or, if another entry after the id was read first, one before.
   * Before anything was read no place but the id itself is known.
   */
  placeBefore(id: string): string {
    if (this.begin === undefined) return id;
    const log = this.#log;
    const place = log.idAt(log.floor(id, (a, b) => this.compare(a, b)));
    return this.compare(place, id) < 0 ? place : this.begin;
  }
}
