/**
 * A hub: programs in any language publish over HTTP, and browsers receive, by Mercure's protocol and by a JSON route.
 *
 * {@linkcode createHub} makes it, as a fetch handler over a Broadcaster.
 *
 * @module
 */

export type { HubStats } from "./figures.ts";
export { createHub, type Hub } from "./hub.ts";
export type {
  HubAuthOptions,
  HubLimits,
  HubOptions,
  IssuerTopic,
  PublishedInfo,
  RefusedInfo,
  TokenAlgorithm,
  TokenIssuer,
} from "./options.ts";
export type { RefusalReason } from "./refusal.ts";
export type { HubUpdate } from "./update.ts";
