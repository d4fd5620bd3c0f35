/**
 * Decides how many entries to read at a time: many while they are small, few while they are large, so that one reading is
 * neither a journey for little nor more than memory should hold at once.
 *
 * @module
 */

import type { BackplaneEntry } from "./backplane.ts";

const MOST = 500;
const LEAST = 2;
// What one reading should come to, in UTF-16 code units.
const AIM = 1 << 20;

export class ReadSize {
  /** For the next reading. */
  limit: number = MOST;

  /** Goes by how large the last entries were. */
  learn(entries: readonly BackplaneEntry[]): void {
    if (entries.length === 0) return;
    let size = 0;
    for (const { payload = "" } of entries) size += payload.length;
    const average = size / entries.length;
    this.limit = Math.max(LEAST, Math.min(MOST, Math.floor(AIM / Math.max(1, average))));
  }
}
