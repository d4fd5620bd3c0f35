/**
 * Speaks with the other hubs of one log, so that each knows the subscriptions of all.
 *
 * The log itself is where they speak, since it is what they have in common, whichever engine it is: nothing else is to be set
 * up, allowed or reached. The beginnings and ends of subscriptions are events there anyway, and a subscriber's name says
 * whose it is, so each hub follows them. What is missing then is said by few words, as events that no subscriber sees:
 *
 * - `hello`: a hub begins, and asks the others what they have. A hub that stands alone says nothing more
 * - `has`: what a hub has, in pieces; the answer to `hello`. So the log need not reach back to the first subscription
 * - `alive`: every three seconds, if there are others
 * - `left`: a hub ends in good order
 * - `gone`: a hub was not heard for long, see `peers.ts`. The first to say so tells the ends of its subscriptions, and then
 *   says `told`. If it dies over that, another one does
 *
 * A hub that reads of itself that it is gone was away for too long. From then on it is another hub: its subscriptions get new
 * names, under which they begin anew, since the ends of the old ones were told.
 *
 * What is said stands in the log, and reaches whoever reads that: so there is nothing to lose that would not show as a gap in
 * it, after which a hub forgets what it knew, and says `hello` again.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Broadcaster } from "../../broadcaster/broadcaster.ts";
import type { Announcer } from "./announcer.ts";
import { follow } from "./follow.ts";
import { Peers } from "./peers.ts";
import {
  describe,
  type Entry,
  entryOf,
  eventOf,
  hubOf,
  newHubName,
  type Subscription,
  subscriptionOf,
} from "./subscription.ts";
import { hubName, privateName } from "../topic.ts";
import { HUB_TYPE } from "../update.ts";

/** What hubs say to each other, each with its name. */
type Word =
  & { readonly hub: string }
  & (
    | { readonly type: "hello" | "alive" | "left" }
    | { readonly type: "gone" | "told"; readonly of: string }
    | {
      readonly type: "has";
      readonly entries: readonly Entry[];
      readonly first: boolean;
      readonly last: boolean;
    }
  );

/** How often a hub says that it is alive, in milliseconds. */
const BEAT = 3_000;
/** After so many beats what was not read is taken for lost. */
const MOST_UNREAD = 4;
/** Characters that a piece of what a hub has may take: less than any engine's limit for a message. */
const PIECE = 65_536;

/** What a hub tells of itself. */
export interface Own {
  /** Its active subscriptions. */
  subscriptions(): Iterable<Subscription>;
  /** The ends of all of them were told by another hub. */
  givenUp(): void;
}

export class Neighbours {
  readonly #below: string;
  readonly #topic: string;
  readonly #broadcaster: Broadcaster;
  readonly #announcer: Announcer;
  readonly #clock: Clock;
  readonly #own: Own;
  readonly #peers = new Peers();
  readonly #stop: () => void;
  #name = newHubName();
  /** Whether the own `hello` was read: what came before it is history, which is not to be answered. */
  #isPresent = false;
  /** Whether what this hub has is to be said once more, since a piece of it did not come through. */
  #owes = false;
  /**
   * For how many beats a `hello` or an `alive` has been on its way: no other is sent before it was read, so that they stay
   * apart, unless it seems to be lost.
   */
  #unread = 0;
  /** Whether anything was read: before that a hub does not know where in the log it begins. */
  #hasPlace = false;
  #timer: unknown;
  #position: string | undefined;

  /** @param path The path of the hub. */
  constructor(
    path: string,
    { broadcaster, announcer, clock, own }: {
      broadcaster: Broadcaster;
      announcer: Announcer;
      clock: Clock;
      own: Own;
    },
  ) {
    this.#below = `${path}/subscriptions`;
    this.#topic = hubName(path);
    this.#broadcaster = broadcaster;
    this.#announcer = announcer;
    this.#clock = clock;
    this.#own = own;
    const told = privateName(`${this.#below}/`);
    const topics = [
      { key: this.#topic, matches: (name: string) => name === this.#topic },
      { key: `${this.#topic} subscriptions`, matches: (name: string) => name.startsWith(told) },
    ];
    this.#stop = follow(broadcaster, topics, {
      clock,
      heard: (event) => this.#heard(event),
      missed: () => this.#begin(),
      ended: () => this.#rest(),
    });
  }

  /** The name of this hub. */
  get name(): string {
    return this.#name;
  }

  /** The subscriptions of the other hubs. */
  active(): Iterable<Subscription> {
    return this.#peers.active();
  }

  find(id: string): Subscription | undefined {
    return this.#peers.find(id);
  }

  /** The id of the event up to which the others are known; `undefined` if there are none. */
  get position(): string | undefined {
    return this.#peers.size > 0 ? this.#position : undefined;
  }

  /** What was told of a subscription did not come through: all that there is will be said once more. */
  mend(): void {
    this.#owes = true;
    this.#beatLater();
  }

  /** Listens no more. @param isOver Whether the hub's subscribers are sent away, so that others tell their ends. */
  close(isOver: boolean): void {
    if (isOver && this.#peers.size > 0) void this.#say({ hub: this.#name, type: "left" });
    this.#rest();
    this.#stop();
  }

  /** Begins, or begins anew. */
  #begin(): void {
    this.#peers.clear();
    this.#isPresent = false;
    this.#unread = 0;
    this.#rest();
    this.#beat();
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #beatLater(): void {
    if (this.#broadcaster.state !== "open") return;
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#beat();
    }, BEAT);
  }

  #beat(): void {
    if (this.#isPresent && this.#owes) this.#sayAll();
    if (this.#unread > MOST_UNREAD) this.#unread = 0;
    if (this.#unread > 0) this.#unread++;
    else if (!this.#isPresent || this.#peers.size > 0) {
      this.#unread = 1;
      this.#say({ hub: this.#name, type: this.#isPresent ? "alive" : "hello" }).catch(() => this.#unread = 0);
    }
    if (!this.#isPresent || this.#owes || this.#peers.size > 0) this.#beatLater();
  }

  #say(word: Word): Promise<string> {
    return this.#announcer.announce({ event: HUB_TYPE, topic: this.#topic, data: word });
  }

  #sayAll(): void {
    this.#owes = false;
    let entries: Entry[] = [];
    let size = 0;
    let first = true;
    const flush = (last: boolean) => {
      this.#say({ hub: this.#name, type: "has", entries, first, last }).catch(() => this.mend());
      entries = [];
      size = 0;
      first = false;
    };
    for (const subscription of this.#own.subscriptions()) {
      const entry = entryOf(subscription);
      size += JSON.stringify(entry).length;
      if (size > PIECE && entries.length > 0) flush(false);
      entries.push(entry);
    }
    flush(true);
  }

  #heard({ event, data, id }: { event: string; data: string; id: string }): void {
    this.#position = id;
    if (!this.#hasPlace) {
      this.#hasPlace = true;
      this.#begin();
    }
    const said = read(event, data);
    if (said === undefined) return;
    if ("hub" in said) this.#understand(said);
    else this.#changed(said);
    if (this.#peers.size > 0) this.#beatLater();
  }

  #changed(subscription: Subscription): void {
    const hub = hubOf(subscription.subscriber);
    if (hub === this.#name) return;
    // The end may be told by another one, and is no sign of life.
    if (subscription.active) this.#peers.heard(hub);
    this.#peers.changed(hub, subscription);
  }

  #understand(word: Word): void {
    const { hub } = word;
    if (hub !== this.#name) this.#peers.heard(hub);
    switch (word.type) {
      case "hello":
        if (hub === this.#name) this.#arrive();
        else if (this.#isPresent) this.#sayAll();
        break;
      case "alive":
        if (hub !== this.#name) break;
        this.#unread = 0;
        for (const silent of this.#peers.pulse(hub)) this.#giveUp(silent);
        break;
      case "has":
        if (hub === this.#name) break;
        this.#peers.has(hub, word.entries.map((entry) => describe(this.#below, entry)), {
          isFirst: word.first,
          isLast: word.last,
        });
        break;
      case "left":
        if (hub !== this.#name && this.#peers.left(hub) && this.#isPresent) this.#giveUp(hub);
        break;
      case "gone":
        if (word.of === this.#name) this.#change();
        else this.#tellEnds(word.of, hub);
        break;
      case "told":
        this.#peers.told(word.of, hub);
    }
  }

  #arrive(): void {
    this.#isPresent = true;
    this.#unread = 0;
    // Who were there before must know that this one is: they may have begun at the same time, and asked nobody.
    this.#sayAll();
  }

  #giveUp(hub: string): void {
    void this.#say({ hub: this.#name, type: "gone", of: hub });
  }

  #tellEnds(of: string, by: string): void {
    const subscriptions = this.#peers.givenUp(of, by, this.#name);
    if (subscriptions === undefined) return;
    const told = subscriptions.map((subscription) =>
      this.#announcer.announce(eventOf({ ...subscription, active: false }))
    );
    Promise.all(told)
      .then(() => this.#say({ hub: this.#name, type: "told", of }))
      .catch(() => this.#peers.untold(of));
  }

  /** Becomes another hub. */
  #change(): void {
    this.#name = newHubName();
    this.#unread = 0;
    this.#own.givenUp();
    this.#sayAll();
  }
}

/** Reads an event of a hub's. One without a topic comes here too, and may be the program's own. */
function read(event: string, data: string): Word | Subscription | undefined {
  try {
    const said = JSON.parse(data);
    if (event === HUB_TYPE && typeof said?.hub === "string") return said;
    return subscriptionOf(event, said);
  } catch {
    return undefined;
  }
}
