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

import type { Backplane, BackplaneEntry } from "../backplane.ts";
import { type PublishableEvent, toDraft } from "../broadcaster/draft.ts";
import { type Draft, EventLog, type LogLimits } from "../broadcaster/log.ts";
import {
  cursorFrame,
  gapFrame,
  type Health,
  type Newcomer,
  type Order,
  type Replay,
  type Start,
  startWithGap,
} from "../broadcaster/order.ts";
import { callHook, TidingsError } from "../errors.ts";
import { Archive } from "./archive.ts";
import { Copies } from "./copies.ts";
import { Follower, type FollowerListener } from "./follower.ts";
import { decodePayload, encodePayload } from "./payload.ts";
import { Publisher, type PublisherLimits } from "./publisher.ts";
import { ArchiveReplay } from "./replay.ts";

// As long as an id may be, so that an event's size can be told before it has one.
const LONGEST_ID = "0".repeat(40);

export interface SharedSettings extends PublisherLimits {
  readonly history: LogLimits;
  readonly now: () => number;
  readonly onError: (error: TidingsError) => void;
}

/** The Broadcaster's side. */
export interface Turns {
  /** Puts an event into the running turn. */
  deliver(draft: Draft): void;
  /** Ends the turn, so that the log holds all that was delivered. */
  flush(): void;
}

export class SharedOrder implements Order, FollowerListener {
  readonly log: EventLog;
  readonly #backplane: Backplane;
  readonly #settings: SharedSettings;
  readonly #turns: Turns;
  readonly #follower: Follower;
  readonly #publisher: Publisher;
  readonly #archive: Archive;
  #isStarted = false;
  /** Clients that have no place yet, and which reading was under way when they came. */
  readonly #waiting = new Map<Newcomer, number>();
  readonly #copies = new Copies();

  constructor(backplane: Backplane, settings: SharedSettings, turns: Turns) {
    this.#backplane = backplane;
    this.#settings = settings;
    this.#turns = turns;
    this.log = new EventLog(settings.history, settings.now, "");
    const failed = (error: TidingsError) => this.failed(error);
    this.#publisher = new Publisher(backplane, settings, failed);
    this.#archive = new Archive(
      backplane,
      (entries) => this.#toDrafts(entries, new Copies()),
      settings.history.bytes,
    );
    this.#follower = new Follower(backplane, settings.history, this);
  }

  publish(input: PublishableEvent): Promise<string> {
    toDraft(input, LONGEST_ID, this.#settings.history.bytes);
    return this.#publisher.publish(encodePayload(input));
  }

  place(newcomer: Newcomer): Start | Replay | undefined {
    const place = this.#isStarted ? this.#find(newcomer) : undefined;
    if (place === undefined) this.#waiting.set(newcomer, this.#follower.round);
    return place;
  }

  forget(newcomer: Newcomer): void {
    this.#waiting.delete(newcomer);
    this.#archive.forget(newcomer);
  }

  health(): Health {
    const { error } = this.#publisher;
    return error === undefined ? this.#follower.health() : { ok: false, error };
  }

  settled(): Promise<void> {
    return this.#publisher.settled();
  }

  stop(): void {
    this.#follower.stop();
    this.#archive.stop();
    this.#backplane.close?.();
  }

  started([place, ...entries]: readonly BackplaneEntry[]): void {
    this.log.restart(place!.id);
    this.entries(entries);
    this.#isStarted = true;
    this.#placeWaiting();
  }

  entries(entries: readonly BackplaneEntry[]): void {
    for (const draft of this.#toDrafts(entries, this.#copies)) this.#turns.deliver(draft);
    if (this.#isStarted && this.#waiting.size > 0) this.#placeWaiting();
  }

  gap(from: string, to: string, lost: "beginning" | "end"): void {
    this.#turns.flush();
    // What was published after that place has not been: the log must not hold it any longer.
    if (lost === "end") {
      this.log.restart(to);
      this.#copies.rewind(to);
    }
    this.#archive.clear();
    const frame = gapFrame({
      requested: from,
      resumedAt: to,
      reason: lost === "end" ? "epoch" : "trimmed",
    });
    this.#turns.deliver({ ...placeOnly(to), frame, audience: "all" });
  }

  caughtUp(round: number): void {
    if (this.#waiting.size === 0) return;
    this.#turns.flush();
    for (const [newcomer, since] of this.#waiting) {
      if (since >= round) continue;
      this.#waiting.delete(newcomer);
      const { tip } = this.log;
      // All of the log was read since it came, and its place was not there.
      newcomer.place(startWithGap(newcomer.asked!, tip, this.log.idAt(tip), "epoch"));
    }
  }

  failed(error: TidingsError): void {
    callHook("onError", () => this.#settings.onError(error));
  }

  #placeWaiting(): void {
    this.#turns.flush();
    for (const newcomer of [...this.#waiting.keys()]) {
      const place = this.#find(newcomer);
      if (place === undefined) continue;
      this.#waiting.delete(newcomer);
      newcomer.place(place);
    }
  }

  #find(newcomer: Newcomer): Start | Replay | undefined {
    const { asked } = newcomer;
    const { log } = this;
    const tipId = log.idAt(log.tip);
    if (asked === undefined) return { cursor: log.tip, opening: cursorFrame(tipId) };
    if (!this.#backplane.isId(asked)) return startWithGap(asked, log.tip, tipId, "invalid");
    if (this.#backplane.compare(asked, tipId) > 0) return undefined;
    return this.#locate(asked) ??
      new ArchiveReplay(this.#archive, newcomer, asked, (id) => this.#locate(id));
  }

  #locate(id: string): Start | undefined {
    const { log } = this;
    const compare = (a: string, b: string) => this.#backplane.compare(a, b);
    if (compare(id, log.idAt(log.oldest - 1)) < 0) return undefined;
    const cursor = log.floor(id, compare);
    const found = log.idAt(cursor);
    return found === id ? { cursor, opening: "" } : startWithGap(id, cursor, found, "epoch");
  }

  /** The entries as they are delivered, second copies left out. */
  #toDrafts(entries: readonly BackplaneEntry[], copies: Copies): Draft[] {
    return entries.map((entry) => copies.isCopy(entry) ? placeOnly(entry.id) : this.#toDraft(entry));
  }

  #toDraft({ id, payload }: BackplaneEntry): Draft {
    if (payload === undefined) return placeOnly(id);
    try {
      const { event, wire } = decodePayload(payload);
      return { ...toDraft(wire, id, this.#settings.history.bytes), event };
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `Entry ${id} of ${this.#backplane.name} is left out, since it is no event: ${why}`;
      this.failed(new TidingsError("invalid-event", message, { cause }));
      return placeOnly(id);
    }
  }
}

/** An entry that nobody sees, but at which one can stand. */
function placeOnly(id: string): Draft {
  return { id, topic: undefined, key: undefined, event: undefined, frame: "", audience: "none" };
}
