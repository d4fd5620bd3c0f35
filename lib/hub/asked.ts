/**
 * Reads what a subscriber asks for: which topics, and from where on, in its address or in the form of a QUERY.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { FORM, hasType, parseForm, readBody } from "./body.ts";
import { PatternError } from "./linear.ts";
import { EVERY, MATCH_TYPES, type Matcher, type Matchers, type MatchType } from "./matcher.ts";
import { Refusal } from "./refusal.ts";

/** What a subscriber asks for. */
export interface Asked {
  /** What it listens to: equal matchers are one. */
  readonly listens: readonly Matcher[];
  /** The id to go on after, where a parameter says one and the header does not. */
  readonly lastEventId: string | undefined;
}

/** Limits of what may be asked for. */
export interface AskedLimits {
  readonly matchers: number;
  readonly bodyBytes: number;
  readonly bodyTimeout: number;
}

/** Reads requests to subscribe. */
export class AskedReader {
  readonly #matchers: Matchers;
  readonly #limits: AskedLimits;
  readonly #clock: Clock;

  constructor(matchers: Matchers, limits: AskedLimits, clock: Clock) {
    this.#matchers = matchers;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** @throws {Refusal} If it is malformed, asks for nothing, or for more than is allowed. */
  async read(request: Request): Promise<Asked> {
    const parameters = await this.#parameters(request);
    const header = request.headers.get("last-event-id");
    return {
      listens: await this.#listens(parameters),
      lastEventId: header ? undefined : parameters.get("last_event_id") ?? undefined,
    };
  }

  /** Those of the address come first, and so count where there may be one value only. */
  async #parameters(request: Request): Promise<URLSearchParams> {
    const parameters = parseForm(new URL(request.url).search);
    if (request.method !== "QUERY") return parameters;
    if (!hasType(request, FORM)) {
      throw new Refusal(415, `A query is sent as ${FORM}`, { headers: { "accept-query": FORM } });
    }
    for (const [name, value] of parseForm(await readBody(request, this.#limits, this.#clock))) {
      parameters.append(name, value);
    }
    return parameters;
  }

  async #listens(parameters: URLSearchParams): Promise<readonly Matcher[]> {
    const found = new Map<string, Matcher>();
    let count = 0;
    for (const [name, text] of parameters) {
      const type = typeOf(name);
      if (type === undefined) continue;
      if (++count > this.#limits.matchers) {
        throw new Refusal(400, `A subscription may have ${this.#limits.matchers} matchers`);
      }
      try {
        found.set(text === EVERY ? EVERY : `${type} ${text}`, await this.#matchers.make(type, text));
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        throw new Refusal(400, `A matcher of type ${type} is refused: ${error.message}`);
      }
    }
    if (found.size === 0) {
      throw new Refusal(400, "A subscription needs a matcher: match=… or match_urlpattern=…");
    }
    return [...found.values()];
  }
}

/** The type of matcher that a parameter holds; `undefined` if it holds none. */
function typeOf(name: string): MatchType | undefined {
  if (!name.toLowerCase().startsWith("match")) return undefined;
  if (name === "match") return "exact";
  const type = name.slice("match_".length) as MatchType;
  if (name.startsWith("match_") && MATCH_TYPES.includes(type)) return type;
  throw new Refusal(400, `The matchers of this hub are match, match_${MATCH_TYPES.join(" and match_")}`);
}
