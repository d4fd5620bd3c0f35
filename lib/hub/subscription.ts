/**
 * Describes a subscription as it is told and listed: as the protocol has it, or as the older one had it.
 *
 * @module
 */

import type { Matcher } from "./matcher.ts";

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

/**
 * Describes one that is active.
 *
 * @param path What the addresses of subscriptions begin with.
 * @param payload Nothing, if there is none.
 */
export function describe(
  path: string,
  { type, text }: Matcher,
  subscriber: string,
  payload: unknown,
): Subscription {
  const rest = { subscriber, active: true, ...(payload === undefined ? {} : { payload }) };
  const below = `${escape(text)}/${escape(subscriber)}`;
  return type === "template"
    ? { id: `${path}/${below}`, type: "Subscription", topic: text, ...rest }
    : { id: `${path}/${type}/${below}`, type: "subscription", match_type: type, match: text, ...rest };
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
