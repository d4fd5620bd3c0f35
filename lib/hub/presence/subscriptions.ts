/**
 * Keeps the subscriptions of this process's hub: tells of their beginning and end, and lists those that are active, here and at
 * the other hubs of the same log.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import type { Broadcaster } from "../../broadcaster/broadcaster.ts";
import { EARLIEST } from "../../log/cursor.ts";
import { Announcer } from "./announcer.ts";
import type { Matcher } from "../matching/matcher.ts";
import { Neighbours } from "./neighbours.ts";
import {
  describe,
  type Entry,
  eventOf,
  legacyDocument,
  newHubName,
  newSubscriber,
  type Subscription,
} from "./subscription.ts";
import type { Principal } from "../tokens.ts";

/** A subscriber, for as long as its stream is open. */
interface Stay {
  /** What it listens to, each with what its token says of that. */
  readonly listens: readonly Omit<Entry, "subscriber">[];
  subscriptions: readonly Subscription[];
}

export class Subscriptions {
  readonly #below: string;
  readonly #announcer: Announcer;
  readonly #active = new Map<string, Subscription>();
  readonly #stays = new Set<Stay>();
  readonly #neighbours: Neighbours | undefined;
  readonly #name = newHubName();
  #lastId = EARLIEST;

  /** @param path The path of the hub. */
  constructor(path: string, broadcaster: Broadcaster, clock: Clock) {
    this.#below = `${path}/subscriptions`;
    this.#announcer = new Announcer(broadcaster);
    this.#neighbours = broadcaster.shared
      ? new Neighbours(path, {
        ...{ broadcaster, announcer: this.#announcer, clock },
        own: { subscriptions: () => this.#active.values(), givenUp: () => this.#renew() },
      })
      : undefined;
  }

  /** An update was published: whoever reads the list goes on after it. */
  published(id: string): void {
    this.#lastId = id;
  }

  /** The id of an update that was published before the list was read. */
  get lastId(): string {
    return this.#neighbours?.position ?? this.#lastId;
  }

  /** Enters a subscriber, by a name that nobody chose. Returns what takes it out again. */
  enter(listens: readonly Matcher[], principal: Principal | undefined): () => void {
    const stay: Stay = {
      listens: listens.map(({ type, text }) => {
        const payload = payloadOf(text, principal);
        return { match_type: type, match: text, ...(payload === undefined ? {} : { payload }) };
      }),
      subscriptions: [],
    };
    this.#stays.add(stay);
    this.#begin(stay);
    return () => {
      this.#stays.delete(stay);
      for (const subscription of stay.subscriptions) {
        this.#active.delete(subscription.id);
        this.#tell({ ...subscription, active: false });
      }
    };
  }

  /** @param isOver Whether all subscribers are sent away. */
  close(isOver: boolean): void {
    this.#neighbours?.close(isOver);
  }

  #begin(stay: Stay): void {
    const subscriber = newSubscriber(this.#neighbours?.name ?? this.#name);
    stay.subscriptions = stay.listens.map((each) => describe(this.#below, { ...each, subscriber }));
    for (const subscription of stay.subscriptions) {
      this.#active.set(subscription.id, subscription);
      this.#tell(subscription);
    }
  }

  /** All subscriptions begin anew under other names: their ends were told by another hub. */
  #renew(): void {
    this.#active.clear();
    for (const stay of this.#stays) this.#begin(stay);
  }

  #tell(subscription: Subscription): void {
    // The broadcaster's option onError is told of a failure.
    this.#announcer.announce(eventOf(subscription))
      .then((id) => this.published(id), () => this.#neighbours?.mend());
  }

  /**
   * The document at a path below the hub's, or `undefined` if there is none.
   *
   * @param isLegacy Whether it is asked for by a client of the older protocol, whose addresses have no type of matcher.
   */
  document(path: string, isLegacy: boolean): object | undefined {
    const type = isLegacy ? "Subscription" : "subscription";
    const below = path.slice(this.#below.length).split("/").slice(1);
    const most = isLegacy ? 2 : 3;
    if (!path.startsWith(this.#below) || below.length > most || (!isLegacy && below.length === 1)) {
      return undefined;
    }
    if (below.length === most) {
      const one = this.#active.get(path) ?? this.#neighbours?.find(path);
      if (one?.type !== type) return undefined;
      return one.type === "Subscription" ? legacyDocument(one, this.lastId) : one;
    }
    const all = [...this.#active.values(), ...(this.#neighbours?.active() ?? [])];
    const subscriptions = all.filter((each) =>
      each.type === type && (below.length === 0 || each.id.startsWith(`${path}/`))
    );
    return isLegacy
      ? legacyDocument({ id: path, subscriptions }, this.lastId)
      : { id: path, type: "subscriptions", subscriptions };
  }
}

/**
 * What the first grant to subscribe says of a subscription, whose matcher's text is taken for a topic; else what an older
 * token says of all of them.
 */
function payloadOf(text: string, principal: Principal | undefined): unknown {
  if (principal?.payload !== undefined) return principal.payload;
  return principal?.grants.find(({ actions, matchers }) => {
    return actions.includes("subscribe") &&
      matchers.some((matcher) => matcher.text === text || matcher.matches(text));
  })?.payload;
}
