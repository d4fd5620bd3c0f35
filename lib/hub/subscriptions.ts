/**
 * Keeps the subscriptions of this process's hub: tells of their beginning and end, and lists those that are active.
 *
 * @module
 */

import type { Broadcaster } from "../broadcaster/broadcaster.ts";
import { EARLIEST } from "../log/cursor.ts";
import type { Matcher } from "./matcher.ts";
import { describe, documentOf, legacyDocument, type Subscription } from "./subscription.ts";
import type { Principal } from "./tokens.ts";
import { privateName } from "./topic.ts";
import { HUB_TYPE } from "./update.ts";

export class Subscriptions {
  readonly #path: string;
  readonly #broadcaster: Broadcaster;
  readonly #active = new Map<string, Subscription>();
  #lastId = EARLIEST;

  /** @param path The path of the hub. */
  constructor(path: string, broadcaster: Broadcaster) {
    this.#path = `${path}/subscriptions`;
    this.#broadcaster = broadcaster;
  }

  /** An update was published: whoever reads the list goes on after it. */
  published(id: string): void {
    this.#lastId = id;
  }

  /** The id of an update that was published before the list was read. */
  get lastId(): string {
    return this.#lastId;
  }

  /** Enters a subscriber, by a name that nobody chose. Returns what takes it out again. */
  enter(listens: readonly Matcher[], principal: Principal | undefined): () => void {
    const subscriber = `urn:uuid:${crypto.randomUUID()}`;
    const own = listens.map((matcher) =>
      describe(this.#path, matcher, subscriber, payloadOf(matcher.text, principal))
    );
    for (const subscription of own) {
      this.#active.set(subscription.id, subscription);
      this.#tell(subscription);
    }
    return () => {
      for (const subscription of own) {
        this.#active.delete(subscription.id);
        this.#tell({ ...subscription, active: false });
      }
    };
  }

  #tell(subscription: Subscription): void {
    // One that closes has sent what it had to send: nothing that is published now is waited for.
    if (this.#broadcaster.state !== "open") return;
    const topic = privateName(subscription.id);
    // The broadcaster's option onError is told of a failure.
    // Clients of the older protocol listen to events without a type.
    const event = subscription.type === "Subscription" ? {} : { event: HUB_TYPE };
    this.#broadcaster.publish({ ...event, topic, data: documentOf(subscription) })
      .then((id) => this.published(id), () => {});
  }

  /**
   * The document at a path below the hub's, or `undefined` if there is none.
   *
   * @param isLegacy Whether it is asked for by a client of the older protocol, whose addresses have no type of matcher.
   */
  document(path: string, isLegacy: boolean): object | undefined {
    const type = isLegacy ? "Subscription" : "subscription";
    const below = path.slice(this.#path.length).split("/").slice(1);
    const most = isLegacy ? 2 : 3;
    if (!path.startsWith(this.#path) || below.length > most || (!isLegacy && below.length === 1)) {
      return undefined;
    }
    if (below.length === most) {
      const one = this.#active.get(path);
      if (one?.type !== type) return undefined;
      return one.type === "Subscription" ? legacyDocument(one, this.#lastId) : one;
    }
    const subscriptions = [...this.#active.values()].filter((each) =>
      each.type === type && (below.length === 0 || each.id.startsWith(`${path}/`))
    );
    return isLegacy
      ? legacyDocument({ id: path, subscriptions }, this.#lastId)
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
