/**
 * Knows what the older Mercure protocol calls things, and reads the claim of its tokens.
 *
 * That protocol has topics and URI templates in one parameter and one list, and a claim of its own in a plain JWT.
 *
 * @module
 */

import { type Grant, GrantError } from "./grants.ts";
import { PatternError } from "./matching/linear.ts";
import type { Matcher, Matchers } from "./matching/matcher.ts";

/** What the option `compatibility` takes. */
export const MERCURE_0 = "mercure-0";

/** The parameter for a topic or a template of topics. */
export const TOPIC_PARAMETER = "topic";
/** The parameters for the last event ID, the newest first. */
export const LAST_EVENT_ID_PARAMETERS: readonly string[] = ["lastEventID", "Last-Event-ID"];
/** The header that tells where a stream goes on. */
export const LAST_EVENT_ID_HEADER = "Last-Event-ID";
export const TOKEN_COOKIE = "mercureAuthorization";
export const TOKEN_PARAMETER = "authorization";

// The second one is for issuers whose claims must be addresses.
const CLAIMS = ["mercure", "https://mercure.rocks/"];

/** Whether the type of a token is one that they have: any other names a use of its own. */
export function isLegacyType(type: unknown): boolean {
  return type === undefined || (typeof type === "string" && /^(application\/)?jwt$/i.test(type));
}

/** What a token of the older protocol says. */
export interface LegacyClaim {
  readonly grants: readonly Grant[];
  /** What is told of all subscriptions with this token. */
  readonly payload: unknown;
}

/**
 * Reads the claim of a token.
 *
 * @param most How many topics and templates there may be in all.
 * @throws {GrantError} If there is none, or it is malformed.
 */
export async function readLegacyClaim(
  claims: Readonly<Record<string, unknown>>,
  matchers: Matchers,
  most: number,
): Promise<LegacyClaim> {
  const claim = CLAIMS.map((name) => claims[name]).find((each) => each !== undefined);
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) {
    throw new GrantError("there is no claim mercure that is an object");
  }
  const { publish = [], subscribe = [], payload } = claim as Record<string, unknown>;
  if (!isListOfText(publish) || !isListOfText(subscribe)) {
    throw new GrantError("publish or subscribe is no list of strings");
  }
  if (publish.length + subscribe.length > most) {
    throw new GrantError("it grants more topics than are allowed");
  }
  const read = async (texts: readonly string[]) =>
    await Promise.all(texts.map((text) => readTopic(text, matchers)));
  return {
    grants: [
      { actions: ["publish"], matchers: await read(publish), payload: undefined },
      { actions: ["subscribe"], matchers: await read(subscribe), payload: undefined },
    ],
    payload,
  };
}

async function readTopic(text: string, matchers: Matchers): Promise<Matcher> {
  try {
    return await matchers.make("template", text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    throw new GrantError("a topic or template is none", { cause: error });
  }
}

function isListOfText(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
