/**
 * The order of a Broadcaster with a backplane: the engine's.
 *
 * ## The data flow
 *
 * 1. `publish()` hands the event to the **publisher**, which appends it to the shared log and resolves with the engine's
 *    id. Nothing is delivered before that: without an id an event has no place.
 * 2. The **follower** reads the shared log, whoever published. What it reads is put into the Broadcaster's own log, entry by
 *    entry, and goes out from there as in a Broadcaster that stands alone.
 * 3. If the follower may have missed something, that is an entry too: a `gap` event that everybody sees who reads on over
 *    that place, now or later.
 * 4. A client that comes with an id starts in the log, if that still holds the place; is served from the **archive**, which
 *    reads from the engine, if it is older; and waits for the follower if it is newer, having come from a process that was
 *    ahead. If the follower has read to the end and still not met the id, it is no place of this log: a gap.
 *
 * @module
 */

import type { Backplane, BackplaneEntry } from "./backplane.ts";
import { toDraft } from "../log/draft.ts";
import { cursorFrame, gapFrame, startWithGap } from "../log/gap.ts";
import type { Draft, EventLog, Selection } from "../log/log.ts";
import type { Health, LogReader, Replay, Sequencer, Start } from "../log/sequencer.ts";
import type { PublishableEvent } from "../log/typed.ts";
import type { Batcher } from "../log/batcher.ts";
import type { Clock } from "../base/clock.ts";
import { callHook, TidingsError } from "../base/errors.ts";
import { Archive } from "./archive.ts";
import { Deduplicator } from "./deduplicator.ts";
import { Follower, type FollowerListener } from "./follower.ts";
import { decodeLoss, decodePayload, encodeLoss, encodePayload } from "./payload.ts";
import { Publisher, type PublisherLimits, type PublisherListener } from "./publisher.ts";
import { Receipts } from "./receipts.ts";
import { ArchiveReplay, type Place } from "./replay.ts";

// As long as an id may be, so that an event's size can be told before it has one.
const LONGEST_ID = "0".repeat(40);

export interface SharedSettings extends PublisherLimits {
  readonly clock: Clock;
  readonly onError: (error: TidingsError) => void;
}

export class SharedSequencer implements Sequencer, FollowerListener, PublisherListener, Place {
  readonly log: EventLog;
  readonly #backplane: Backplane;
  readonly #compare: (a: string, b: string) => number;
  readonly #settings: SharedSettings;
  readonly #batcher: Batcher;
  readonly #follower: Follower;
  readonly #publisher: Publisher;
  readonly #archive: Archive;
  #isStarted = false;
  /** The place before the oldest entry that was ever read. */
  #begin = "";
  #isStopped = false;
  /** Clients that have no place yet, and which reading was under way when they came. */
  readonly #waiting = new Map<LogReader, { asked: string | undefined; since: number }>();
  readonly #deduplicator: Deduplicator;
  readonly #receipts: Receipts;

  constructor(backplane: Backplane, settings: SharedSettings, log: EventLog, batcher: Batcher) {
    this.log = log;
    this.#backplane = backplane;
    this.#settings = settings;
    this.#batcher = batcher;
    const compare = this.#compare = (a: string, b: string) => backplane.compare(a, b);
    this.#deduplicator = new Deduplicator(compare);
    this.#receipts = new Receipts(compare);
    this.#publisher = new Publisher(backplane, settings, this);
    this.#archive = new Archive(
      backplane,
      (entries) => this.#toDrafts(entries, new Deduplicator(compare)),
      log.limits.bytes,
    );
    this.#follower = new Follower(backplane, log.limits, this);
  }

  publish(input: PublishableEvent): Promise<string> {
    toDraft(input, LONGEST_ID, this.log.limits.eventBytes);
    return this.#publisher.publish(encodePayload(input));
  }

  get published(): number {
    return this.#publisher.acknowledged;
  }

  locate(asked: string | undefined, _view: Selection): Start | Replay | undefined {
    return this.#isStarted ? this.#find(asked) : undefined;
  }

  wait(client: LogReader, asked: string | undefined): void {
    this.#waiting.set(client, { asked, since: this.#follower.round });
  }

  forget(client: LogReader): void {
    this.#waiting.delete(client);
    this.#archive.forget(client);
  }

  health(): Health {
    const { error } = this.#publisher;
    return error === undefined ? this.#follower.health() : { ok: false, error };
  }

  async settled(): Promise<void> {
    for (;;) {
      await this.#publisher.settled();
      if (this.#isStopped || this.#receipts.size === 0) return;
      // It is on its way only when it was read.
      await new Promise((resolve) => setTimeout(resolve, 5));
      this.#batcher.flush();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#publisher.stop();
    this.#follower.stop();
    this.#archive.stop();
    this.#backplane.close?.();
  }

  started([place, ...entries]: readonly BackplaneEntry[]): void {
    this.#begin = place!.id;
    this.log.restart(place!.id);
    this.#receipts.skipTo(place!.id);
    this.entries(entries);
    this.#isStarted = true;
    this.#placeWaiting();
  }

  acknowledged(messageId: string, id: string): void {
    // Before the start no other place is known.
    const after = this.#isStarted ? this.#placeBefore(id) : id;
    this.#receipts.acknowledged(messageId, { id, round: this.#follower.round, after });
  }

  /** A place that was read and is older than an id: the newest, or, if another entry after the id was read first, one before. */
  #placeBefore(id: string): string {
    const { log } = this;
    const place = log.idAt(log.floor(id, this.#compare));
    return this.#compare(place, id) < 0 ? place : this.#begin;
  }

  entries(entries: readonly BackplaneEntry[]): void {
    for (const { messageId } of entries) {
      if (messageId !== undefined && this.#publisher.isOwn(messageId)) this.#receipts.read(messageId);
    }
    for (const draft of this.#toDrafts(entries, this.#deduplicator)) this.#batcher.add(draft);
    if (this.#isStarted && this.#waiting.size > 0) this.#placeWaiting();
  }

  gap(from: string, to: string, lost: "beginning" | "end"): void {
    this.#batcher.flush();
    // What was published after that place has not been: the log must not hold it any longer.
    if (lost === "end") {
      this.log.restart(to);
      const isOld = this.#compare(to, this.#begin) <= 0;
      this.#deduplicator.rewind(to, isOld && to !== from);
      if (isOld) this.#begin = to;
    }
    this.#archive.clear();
    const frame = gapFrame({
      requested: from,
      resumedAt: to,
      reason: lost === "end" ? "epoch" : "trimmed",
    });
    this.#batcher.add({ ...placeOnly(to), frame, audience: "all" });
    if (lost === "beginning") return this.#receipts.skipTo(to);
    this.#receipts.rewind();
    this.#tellOthers(to);
  }

  /** Says in the log that entries after a place were lost: a process that had not read them yet does not see it. */
  #tellOthers(after: string): void {
    void this.#publisher.publish(encodeLoss(after));
  }

  caughtUp(round: number): void {
    const lostAfter = this.#receipts.takeLost(round);
    if (lostAfter !== undefined) this.#tellOthers(lostAfter);
    if (this.#waiting.size === 0) return;
    this.#batcher.flush();
    for (const [client, { asked, since }] of this.#waiting) {
      if (since >= round) continue;
      this.#waiting.delete(client);
      const { tip } = this.log;
      // All of the log was read since it came, and its place was not there.
      client.begin(startWithGap(asked!, tip, this.log.idAt(tip), "epoch"));
    }
  }

  failed(error: TidingsError): void {
    callHook("onError", () => this.#settings.onError(error));
  }

  #placeWaiting(): void {
    this.#batcher.flush();
    for (const [client, { asked }] of [...this.#waiting]) {
      const place = this.#find(asked);
      if (place === undefined) continue;
      this.#waiting.delete(client);
      client.begin(place);
    }
  }

  #find(asked: string | undefined): Start | Replay | undefined {
    const { log } = this;
    const tipId = log.idAt(log.tip);
    if (asked === undefined) return { cursor: log.tip, opening: cursorFrame(tipId) };
    if (!this.#backplane.isId(asked)) return startWithGap(asked, log.tip, tipId, "invalid");
    if (this.#compare(asked, tipId) > 0) return undefined;
    return this.startAt(asked) ?? new ArchiveReplay(this.#archive, asked, this);
  }

  startAt(id: string): Start | undefined {
    const { log } = this;
    if (this.#compare(id, log.idAt(log.oldest - 1)) < 0) return undefined;
    const cursor = log.floor(id, this.#compare);
    const found = log.idAt(cursor);
    return found === id ? { cursor, opening: "" } : startWithGap(id, cursor, found, "epoch");
  }

  isAhead(id: string): boolean {
    return this.#compare(id, this.log.idAt(this.log.tip)) > 0;
  }

  /** The entries as they are delivered, second deduplicator left out. */
  #toDrafts(entries: readonly BackplaneEntry[], deduplicator: Deduplicator): Draft[] {
    return entries.map((entry) =>
      deduplicator.isCopy(entry) ? placeOnly(entry.id) : this.#toDraft(entry, deduplicator)
    );
  }

  #toDraft({ id, payload }: BackplaneEntry, deduplicator: Deduplicator): Draft {
    if (payload === undefined) return placeOnly(id);
    try {
      const after = decodeLoss(payload);
      if (after !== undefined) return this.#toLoss(id, after, deduplicator);
      const { event, wire } = decodePayload(payload);
      return { ...toDraft(wire, id, this.log.limits.bytes), event };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `Entry ${id} of ${this.#backplane.name} is left out, since it is no event: ${why}`;
      this.failed(new TidingsError("invalid-event", message, { cause }));
      return placeOnly(id);
    }
  }

  /** What is told of entries that the engine lost; each process that knows says so, and the first of them is enough. */
  #toLoss(id: string, after: string, deduplicator: Deduplicator): Draft {
    const { lossTold } = deduplicator;
    const isKnown = lossTold !== undefined && this.#compare(after, lossTold.after) >= 0 &&
      this.#compare(after, lossTold.id) < 0;
    if (isKnown || !this.#backplane.isId(after)) return placeOnly(id);
    deduplicator.lossTold = { id, after };
    const frame = gapFrame({ requested: after, resumedAt: id, reason: "epoch" });
    return { ...placeOnly(id), frame, audience: "all" };
  }
}

/** An entry that nobody sees, but at which one can stand. */
function placeOnly(id: string): Draft {
  return { id, topic: undefined, key: undefined, event: undefined, frame: "", audience: "none" };
}
