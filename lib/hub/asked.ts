/**
 * Reads what a subscriber asks for: which topics, and from where on, in its address or in the form of a QUERY.
 *
 * @module
 */

import { FORM, hasType, parseForm, readBody } from "./body.ts";
import { LAST_EVENT_ID_PARAMETERS, MERCURE_0, TOPIC_PARAMETER } from "./legacy.ts";
import { PatternError } from "./matching/linear.ts";
import {
  type LegacyType,
  MATCH_TYPES,
  type Matcher,
  type Matchers,
  type MatchType,
} from "./matching/matcher.ts";
import type { HubSettings } from "./settings.ts";
import { Refusal } from "./refusal.ts";

/** What a subscriber asks for. */
export interface Asked {
  /** What it listens to: equal matchers are one. */
  readonly listens: readonly Matcher[];
  /** The id to go on after, where the header does not say one; `""` where one is sent that is empty. */
  readonly lastEventId: string | undefined;
}

/** Reads requests to subscribe. */
export class AskedReader {
  readonly #matchers: Matchers;
  readonly #settings: HubSettings;
  /** The parameters that may hold the last event ID. */
  readonly #lastEventId: readonly string[];

  constructor(matchers: Matchers, settings: HubSettings) {
    this.#matchers = matchers;
    this.#settings = settings;
    this.#lastEventId = ["last_event_id", ...(settings.isLegacy ? LAST_EVENT_ID_PARAMETERS : [])];
  }

  /** @throws {Refusal} If it is malformed, asks for nothing, or for more than is allowed. */
  async read(request: Request): Promise<Asked> {
    const parameters = await this.#parameters(request);
    const header = request.headers.get("last-event-id") ?? undefined;
    const named = this.#lastEventId.find((name) => parameters.has(name));
    return {
      listens: await this.#listens(parameters),
      lastEventId: header ? undefined : named === undefined ? header : parameters.get(named)!,
    };
  }

  /** Those of the address come first, and so count where there may be one value only. */
  async #parameters(request: Request): Promise<URLSearchParams> {
    const parameters = parseForm(new URL(request.url).search);
    if (request.method !== "QUERY") return parameters;
    if (!hasType(request, FORM)) {
      throw new Refusal(415, `A query is sent as ${FORM}`, { headers: { "accept-query": FORM } });
    }
    const { limits, clock } = this.#settings;
    for (const [name, value] of parseForm(await readBody(request, limits, clock))) {
      parameters.append(name, value);
    }
    return parameters;
  }

  async #listens(parameters: URLSearchParams): Promise<readonly Matcher[]> {
    const { limits, isLegacy } = this.#settings;
    const found = new Map<string, Matcher>();
    let count = 0;
    for (const [name, text] of parameters) {
      const type = isLegacy && name === TOPIC_PARAMETER ? "template" : typeOf(name);
      if (type === undefined) continue;
      if (++count > limits.matchers) {
        throw new Refusal(400, `A subscription may have ${limits.matchers} matchers`);
      }
      try {
        const matcher = await this.#matchers.make(type, text);
        found.set(matcher.key, matcher);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        throw new Refusal(400, `A matcher of type ${type} is refused: ${error.message}`);
      }
    }
    if (found.size > 0) return [...found.values()];
    const isOlder = !isLegacy && parameters.has(TOPIC_PARAMETER);
    throw new Refusal(
      400,
      "A subscription needs a matcher: match=… or match_urlpattern=…" +
        (isOlder
          ? `; the parameter ${TOPIC_PARAMETER} is of the older protocol, which a hub takes with the option compatibility: ` +
            `"${MERCURE_0}"`
          : ""),
    );
  }
}

/** The type of matcher that a parameter holds; `undefined` if it holds none. */
function typeOf(name: string): MatchType | LegacyType | undefined {
  if (!name.toLowerCase().startsWith("match")) return undefined;
  if (name === "match") return "exact";
  const type = name.slice("match_".length) as MatchType;
  if (name.startsWith("match_") && MATCH_TYPES.includes(type)) return type;
  throw new Refusal(400, `The matchers of this hub are match, match_${MATCH_TYPES.join(" and match_")}`);
}
