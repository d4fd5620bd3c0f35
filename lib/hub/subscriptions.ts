/**
 * Keeps the subscriptions of this process's hub: tells of their beginning and end, and lists those that are active.
 *
 * @module
 */

import type { Broadcaster } from "../broadcaster/broadcaster.ts";
import { EARLIEST } from "../log/cursor.ts";
import type { Matcher } from "./matcher.ts";
import type { Principal } from "./tokens.ts";
import { privateName } from "./topic.ts";
import { HUB_TYPE } from "./update.ts";

/** A subscription, as it is told and listed. */
export interface Subscription {
  readonly id: string;
  readonly type: "subscription";
  readonly match_type: string;
  readonly match: string;
  readonly subscriber: string;
  readonly active: boolean;
  readonly payload?: object;
}

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
    const own = listens.map(({ type, text }): Subscription => {
      const payload = payloadOf(text, principal);
      return {
        id: `${this.#path}/${type}/${escape(text)}/${escape(subscriber)}`,
        type: "subscription",
        match_type: type,
        match: text,
        subscriber,
        active: true,
        ...(payload === undefined ? {} : { payload }),
      };
    });
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
    this.#broadcaster.publish({ event: HUB_TYPE, topic, data: subscription })
      .then((id) => this.published(id), () => {});
  }

  /** The document at a path below the hub's, or `undefined` if there is none. */
  document(path: string): object | undefined {
    const below = path.slice(this.#path.length).split("/").slice(1);
    if (!path.startsWith(this.#path) || below.length === 1 || below.length > 3) return undefined;
    if (below.length === 3) return this.#active.get(path);
    const all = [...this.#active.values()];
    return {
      id: path,
      type: "subscriptions",
      subscriptions: below.length === 0 ? all : all.filter(({ id }) => id.startsWith(`${path}/`)),
    };
  }
}

/** Escapes all that RFC 6570 escapes in a simple expansion. */
function escape(text: string): string {
  const code = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, code);
}

/** What the first grant to subscribe says of a subscription, whose matcher's text is taken for a topic. */
function payloadOf(text: string, principal: Principal | undefined): object | undefined {
  return principal?.grants.find(({ actions, matchers }) => {
    return actions.includes("subscribe") &&
      matchers.some((matcher) => matcher.text === text || matcher.matches(text));
  })?.payload;
}
