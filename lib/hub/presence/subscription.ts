/**
 * Describes a subscription as it is told and listed: as the protocol has it, or as the older one had it. Its subscriber's name
 * says whose it is.
 *
 * @module
 */

import type { EventMap, PublishEvent } from "../../log/typed.ts";
import { privateName } from "../topic.ts";
import { HUB_TYPE } from "../update.ts";

/** A subscription by a matcher. */
export interface CurrentSubscription {
  readonly id: string;
  readonly type: "subscription";
  readonly match_type: string;
  readonly match: string;
  readonly subscriber: string;
  readonly active: boolean;
  readonly payload?: unknown;
}

/** A subscription by the older parameter `topic`. */
export interface LegacySubscription {
  readonly id: string;
  readonly type: "Subscription";
  readonly topic: string;
  readonly subscriber: string;
  readonly active: boolean;
  readonly payload?: unknown;
}

export type Subscription = CurrentSubscription | LegacySubscription;

// The vocabulary of the older documents, which are JSON-LD.
const CONTEXT = { "@context": "https://mercure.rocks/" };

/** What is not the same for all, or can be told from the rest: how hubs hand each other subscriptions. */
export interface Entry {
  /** The type of the matcher; `"template"` for those of the older protocol. */
  readonly match_type: string;
  readonly match: string;
  readonly subscriber: string;
  readonly payload?: unknown;
}

/** @param below What the addresses of subscriptions begin with. */
export function describe(below: string, { match_type, match, subscriber, payload }: Entry): Subscription {
  const rest = { subscriber, active: true, ...(payload === undefined ? {} : { payload }) };
  const end = `${escape(match)}/${escape(subscriber)}`;
  return match_type === "template"
    ? { id: `${below}/${end}`, type: "Subscription", topic: match, ...rest }
    : { id: `${below}/${match_type}/${end}`, type: "subscription", match_type, match, ...rest };
}

export function entryOf(subscription: Subscription): Entry {
  const { subscriber, payload } = subscription;
  const [match_type, match] = subscription.type === "Subscription"
    ? ["template", subscription.topic]
    : [subscription.match_type, subscription.match];
  return { match_type, match, subscriber, ...(payload === undefined ? {} : { payload }) };
}

/** The event that tells of a subscription, or of its end. Clients of the older protocol listen to events without a type. */
export function eventOf(subscription: Subscription): PublishEvent<EventMap> {
  const type = subscription.type === "Subscription" ? {} : { event: HUB_TYPE };
  return { ...type, topic: privateName(subscription.id), data: documentOf(subscription) };
}

/** What such an event told; `undefined` if it is another one. */
export function subscriptionOf(event: string, data: { readonly type?: unknown }): Subscription | undefined {
  const isOne = event === HUB_TYPE ? data.type === "subscription" : data.type === "Subscription";
  return isOne ? data as Subscription : undefined;
}

/** The document of one subscription. */
export function documentOf(subscription: Subscription): object {
  return subscription.type === "Subscription" ? { ...CONTEXT, ...subscription } : subscription;
}

/** The document of one subscription, or of several, of the older protocol: it holds the id that others have in a header. */
export function legacyDocument(
  content: LegacySubscription | { readonly id: string; readonly subscriptions: readonly Subscription[] },
  lastEventID: string,
): object {
  const type = "subscriptions" in content ? { type: "Subscriptions" } : {};
  return { ...CONTEXT, ...content, ...type, lastEventID };
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
