/**
 * Describes one subscription, as it is told and listed, and knows whose it is by its subscriber's name.
 *
 * @module
 */

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

/** What is not the same for all, or can be told from the rest: how hubs hand each other subscriptions. */
export type Entry = Pick<Subscription, "match_type" | "match" | "subscriber" | "payload">;

/** @param below The path below which subscriptions have their ids. */
export function describe(below: string, { match_type, match, subscriber, payload }: Entry): Subscription {
  return {
    id: `${below}/${match_type}/${escape(match)}/${escape(subscriber)}`,
    type: "subscription",
    match_type,
    match,
    subscriber,
    active: true,
    ...(payload === undefined ? {} : { payload }),
  };
}

export function entryOf({ match_type, match, subscriber, payload }: Subscription): Entry {
  return { match_type, match, subscriber, ...(payload === undefined ? {} : { payload }) };
}

/** Escapes all that RFC 6570 escapes in a simple expansion. */
function escape(text: string): string {
  const code = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replace(/[!'()*]/g, code);
}

// As many digits has the last part of a UUID, which in the first UUIDs named the machine.
const DIGITS = 12;

/** A name for a hub that no other has. */
export function newHubName(): string {
  return crypto.randomUUID().slice(-DIGITS);
}

/** A name for a subscriber, which nobody chose: a UUID that ends with its hub's name. */
export function newSubscriber(hub: string): string {
  return `urn:uuid:${crypto.randomUUID().slice(0, -DIGITS)}${hub}`;
}

/** The hub that has a subscriber. */
export function hubOf(subscriber: string): string {
  return subscriber.slice(-DIGITS);
}
