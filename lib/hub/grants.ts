/**
 * Reads from a token's claims what it grants: the protocol's authorization details (RFC 9396).
 *
 * @module
 */

import { PatternError } from "./matching/linear.ts";
import { MATCH_TYPES, type Matcher, type Matchers, type MatchType } from "./matching/matcher.ts";

/** What may be granted. */
export type Action = "publish" | "subscribe";

/** One authorization detail. */
export interface Grant {
  readonly actions: readonly Action[];
  readonly matchers: readonly Matcher[];
  /** What is told of the subscriptions that it matches. */
  readonly payload: object | undefined;
}

/** The type of the details that are meant for a hub; those of other types are for others. */
export const DETAIL_TYPE = "https://mercure.rocks/authorization-detail";

/** A token that says something wrong: it is refused as a whole, since a part of it may mean something else. */
export class GrantError extends Error {}

/**
 * Reads the authorization details of a token.
 *
 * @param most How many matchers there may be in all.
 * @throws {GrantError} If any of those that are meant for a hub is malformed.
 */
export async function readGrants(
  claim: unknown,
  matchers: Matchers,
  most: number,
): Promise<readonly Grant[]> {
  if (claim === undefined) return [];
  if (!Array.isArray(claim)) throw new GrantError("authorization_details is no list");
  const grants: Grant[] = [];
  let left = most;
  for (const detail of claim) {
    if (!isObject(detail)) throw new GrantError("an authorization detail is no object");
    if (detail["type"] !== DETAIL_TYPE) continue;
    const { actions, topics, payload } = detail;
    if (!isFull(actions) || !actions.every((action) => typeof action === "string")) {
      throw new GrantError("actions is no list of strings");
    }
    if (!isFull(topics)) throw new GrantError("topics is no list");
    if (payload !== undefined && !isObject(payload)) throw new GrantError("payload is no object");
    if ((left -= topics.length) < 0) throw new GrantError("it grants more topics than are allowed");
    grants.push({
      // One that is not known grants nothing.
      actions: actions.filter((action): action is Action => action === "publish" || action === "subscribe"),
      matchers: await Promise.all(topics.map((topic) => readMatcher(topic, matchers))),
      payload,
    });
  }
  return grants;
}

async function readMatcher(topic: unknown, matchers: Matchers): Promise<Matcher> {
  if (!isObject(topic)) throw new GrantError("a topic matcher is no object");
  const { match, match_type: type = "exact" } = topic;
  if (typeof match !== "string") throw new GrantError("match is no string");
  if (!MATCH_TYPES.includes(type as MatchType)) throw new GrantError("match_type is not known");
  try {
    return await matchers.make(type as MatchType, match);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new GrantError("a topic matcher is none", { cause: error });
  }
}

function isFull(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
