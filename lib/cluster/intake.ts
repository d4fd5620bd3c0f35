/**
 * Puts what is read from the shared log into the Broadcaster's own, and with it what may have been missed.
 *
 * @module
 */

import type { TidingsError } from "../base/errors.ts";
import type { Batcher } from "../log/batcher.ts";
import type { EventLog } from "../log/log.ts";
import type { Archive } from "./archive.ts";
import type { BackplaneEntry } from "./backplane.ts";
import type { Deduplicator } from "./deduplicator.ts";
import { type EntryDecoder, gapDraft } from "./entry_decoder.ts";
import type { FollowerListener } from "./follower.ts";
import type { Locator } from "./locator.ts";
import type { Losses } from "./losses.ts";

/** Parts of a shared sequencer that the intake works with. */
export interface IntakeParts {
  readonly log: EventLog;
  readonly batcher: Batcher;
  readonly decoder: EntryDecoder;
  readonly deduplicator: Deduplicator;
  readonly locator: Locator;
  readonly losses: Losses;
  readonly archive: Archive;
  /** Whether a message is one of this process's. */
  readonly isOwn: (messageId: string) => boolean;
  /** Called when places may be known that were not before. */
  readonly onPlaces: () => void;
  /** Called when a reading has come to the log's end. Returns whether somebody waits for a later one. */
  readonly onEnd: (round: number) => boolean;
  readonly onError: (error: TidingsError) => void;
}

export class Intake implements FollowerListener {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  started([place, ...entries]: readonly BackplaneEntry[], before: readonly BackplaneEntry[]): void {
    const { log, losses, locator, deduplicator, onPlaces } = this.#parts;
    deduplicator.remember([...before, place!]);
    log.restart(place!.id);
    losses.skippedTo(place!.id);
    this.#add(entries);
    locator.begin = place!.id;
    onPlaces();
  }

  entries(entries: readonly BackplaneEntry[]): void {
    this.#add(entries);
    if (this.#parts.locator.begin !== undefined) this.#parts.onPlaces();
  }

  #add(entries: readonly BackplaneEntry[]): void {
    const { losses, decoder, batcher, isOwn } = this.#parts;
    for (const { messageId } of entries) {
      if (messageId !== undefined && isOwn(messageId)) losses.read(messageId);
    }
    for (const draft of decoder.decode(entries)) batcher.add(draft);
  }

  gap(from: string, to: string, lost: "beginning" | "end"): void {
    const { batcher, archive, losses } = this.#parts;
    batcher.flush();
    if (lost === "end") this.#rewind(from, to);
    archive.clear();
    batcher.add(gapDraft(from, to, lost === "end" ? "lost" : "trimmed"));
    if (lost === "beginning") losses.skippedTo(to);
    else losses.endLost(to);
  }

  /** The shared log has lost its entries after a place: this process's log must not hold them any longer. */
  #rewind(from: string, to: string): void {
    const { log, decoder, deduplicator, locator } = this.#parts;
    log.restart(to);
    const isOld = locator.compare(to, locator.begin!) <= 0;
    decoder.rewind();
    deduplicator.rewind(to, isOld && to !== from);
    if (isOld) locator.begin = to;
  }

  caughtUp(round: number): boolean {
    const isAwaited = this.#parts.losses.caughtUp(round);
    return this.#parts.onEnd(round) || isAwaited;
  }

  failed(error: TidingsError): void {
    this.#parts.onError(error);
  }
}
