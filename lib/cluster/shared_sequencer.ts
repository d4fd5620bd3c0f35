/**
 * Sequences the events of a Broadcaster with a backplane: the engine gives the ids and the order.
 *
 * ## The data flow
 *
 * 1. `publish()` hands the event to the **publisher**, which appends it to the shared log and resolves with the engine's
 *    id. Nothing is delivered before that: without an id an event has no place.
 * 2. The **follower** reads the shared log, whoever published. The **intake** decodes what it reads and puts it into the
 *    Broadcaster's own log, entry by entry; it goes out from there as in a Broadcaster that stands alone.
 * 3. Where the follower may have missed something the intake puts a `gap` event, which everybody sees who reads on over that
 *    place, now or later. **Losses** that only one process knows of it says in the shared log, for the others.
 * 4. A client that comes with an id starts in the log, if that still holds the place; is served from the **archive**, which
 *    reads from the engine, if it is older; and stays in the **waiting room** if it is newer, or another entry is where it
 *    should be, having come from a process that was ahead. If the follower has read to the end and still not met the id, it
 *    is no place of this log: a gap.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { callHook, type TidingsError } from "../base/errors.ts";
import { RecentMap } from "../base/recent.ts";
import type { Batcher } from "../log/batcher.ts";
import { EARLIEST } from "../log/cursor.ts";
import { toDraft } from "../log/draft.ts";
import type { EventLog, Selection } from "../log/log.ts";
import type { Health, LogReader, Replay, Sequencer, Start } from "../log/sequencer.ts";
import type { PublishableEvent } from "../log/typed.ts";
import { Archive } from "./archive.ts";
import type { Backplane, BackplaneEntry } from "./backplane.ts";
import { Deduplicator } from "./deduplicator.ts";
import { EntryDecoder } from "./entry_decoder.ts";
import { Follower } from "./follower.ts";
import { Intake } from "./intake.ts";
import { Locator } from "./locator.ts";
import { encodeLoss, Losses } from "./losses.ts";
import { Patience } from "../base/patience.ts";
import { encodePayload } from "./payload.ts";
import { Publisher, type PublisherLimits } from "./publisher.ts";
import { ArchiveReplay, type ReplayParts } from "./replay.ts";
import { WaitingRoom } from "./waiting_room.ts";

// As long as an id may be, so that an event's size can be told before it has one.
const LONGEST_ID = "0".repeat(40);
// Entries that are remembered as told of, at least.
const MOST_TOLD = 1_000;
// How often it is looked whether all that was published has been read back, in milliseconds.
const STEP = 5;

export interface SharedSettings extends PublisherLimits {
  readonly clock: Clock;
  readonly onError: (error: TidingsError) => void;
}

export class SharedSequencer implements Sequencer {
  readonly #backplane: Backplane;
  readonly #log: EventLog;
  readonly #batcher: Batcher;
  readonly #locator: Locator;
  readonly #patience: Patience;
  readonly #waiting = new WaitingRoom();
  readonly #losses: Losses;
  readonly #publisher: Publisher;
  readonly #archive: Archive;
  readonly #follower: Follower;
  readonly #replayParts: ReplayParts;
  #published = 0;
  #isStopped = false;

  constructor(backplane: Backplane, settings: SharedSettings, log: EventLog, batcher: Batcher) {
    const { clock } = settings;
    const onError = (error: TidingsError) => callHook("onError", () => settings.onError(error));
    // An entry may be read again, from the archive: it is told of once.
    const told = new RecentMap<string, true>(MOST_TOLD);
    const leftOut = (id: string, error: TidingsError) => {
      if (told.has(id)) return;
      told.set(id, true);
      onError(error);
    };
    const deduplicator = new Deduplicator((a, b) => backplane.compare(a, b));
    const decoder = (isCopy: (entry: BackplaneEntry) => boolean) =>
      new EntryDecoder(backplane, { largest: log.limits.bytes, onError: leftOut, isCopy });
    this.#backplane = backplane;
    const patience = this.#patience = new Patience(clock, "the broadcaster");
    this.#log = log;
    this.#batcher = batcher;
    this.#locator = new Locator(log, backplane);
    this.#publisher = new Publisher(backplane, { ...settings, patience }, {
      acknowledged: (messageId, id) => this.#acknowledged(messageId, id),
      failed: onError,
    });
    this.#losses = new Losses(
      (a, b) => backplane.compare(a, b),
      (after) => this.#tellLoss(after),
    );
    this.#archive = new Archive(backplane, {
      clock,
      patience,
      maxBytes: log.limits.bytes,
      // Each page is decoded on its own, for it may be read again. Copies of one page's entries lie in another.
      decode: (entries) => decoder((entry) => deduplicator.isCopyReadAgain(entry)).decode(entries),
    });
    this.#replayParts = {
      archive: this.#archive,
      locator: this.#locator,
      batcher,
      wait: (reader, at) => this.wait(reader, at),
    };
    const intake = new Intake({
      log,
      batcher,
      decoder: decoder((entry) => deduplicator.isCopy(entry)),
      deduplicator,
      locator: this.#locator,
      losses: this.#losses,
      archive: this.#archive,
      isOwn: (messageId) => this.#publisher.isOwn(messageId),
      onPlaces: () => this.#releaseWaiting(),
      onEnd: (round) => this.#giveUpWaiting(round),
      onError,
    });
    this.#follower = new Follower(backplane, { patience, warm: log.limits }, intake);
  }

  get published(): number {
    return this.#published;
  }

  publish(input: PublishableEvent): Promise<string> {
    toDraft(input, LONGEST_ID, this.#log.limits.eventBytes, (text) => this.#backplane.isId(text));
    return this.#publisher.publish(encodePayload(input));
  }

  #tellLoss(after: string): void {
    // It is counted as published like any other, and is no event of anybody's.
    this.#publisher.publish(encodeLoss(after)).then(() => this.#published--, () => {});
  }

  #acknowledged(messageId: string, id: string): void {
    this.#published++;
    const after = this.#locator.placeBefore(id);
    this.#losses.acknowledged(messageId, { id, round: this.#follower.round, after });
  }

  locate(asked: string | undefined, _view?: Selection): Start | Replay | undefined {
    const locator = this.#locator;
    if (locator.begin === undefined) return undefined;
    if (asked === undefined) return locator.startAtTip();
    if (asked === EARLIEST) return locator.startAtOldest();
    const id = this.#log.placeOf(asked) ?? asked;
    // An event's own id is known once the event was read.
    if (!locator.isId(id)) return this.#log.hasOwnIds ? undefined : locator.startInvalid(asked);
    if (locator.isOlder(id)) return new ArchiveReplay(id, this.#replayParts);
    // One that is not here may be of a process that is ahead, or has noticed before this one that the log was set back.
    return locator.startAt(id);
  }

  /** The start of a client whose place was not met when the log had been read to its end. */
  #startElsewhere(asked: string): Start {
    const id = this.#log.placeOf(asked) ?? asked;
    return this.#locator.isId(id) ? this.#locator.startUnknown(id) : this.#locator.startInvalid(asked);
  }

  wait(reader: LogReader, asked: string | undefined): void {
    this.#waiting.enter(reader, { asked, round: this.#follower.round });
  }

  #releaseWaiting(): void {
    if (this.#waiting.size === 0) return;
    this.#batcher.flush();
    this.#waiting.release((asked) => this.locate(asked));
  }

  /** Returns whether others came since. */
  #giveUpWaiting(round: number): boolean {
    if (this.#waiting.size === 0) return false;
    this.#batcher.flush();
    this.#waiting.giveUp(round, (asked) => this.locate(asked) ?? this.#startElsewhere(asked));
    return this.#waiting.size > 0;
  }

  forget(reader: LogReader): void {
    this.#waiting.leave(reader);
    this.#archive.forget(reader);
  }

  health(): Health {
    const { error } = this.#publisher;
    return error === undefined ? this.#follower.health() : { ok: false, error };
  }

  async settled(): Promise<void> {
    for (;;) {
      await this.#publisher.settled();
      if (this.#isStopped || this.#losses.unread === 0) return;
      // An event is on its way to clients only when it was read back.
      await this.#patience.sleep(STEP);
      this.#batcher.flush();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#publisher.stop();
    this.#follower.stop();
    this.#archive.stop();
    this.#patience.end();
    this.#backplane.close?.();
  }
}
