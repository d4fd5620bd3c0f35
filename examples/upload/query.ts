/** Checks the parameters of the API: what is missing or malformed is named. */

import { Refusal } from "../support/http.ts";

/** Whose pictures, and by which code. */
export interface Place {
  readonly member: string;
  readonly identifier: string;
}

interface Rule {
  readonly pattern: RegExp;
  readonly wanted: string;
}

const RULES = {
  // Under this name the list of pictures is sent. Three names are the library's own.
  event: {
    pattern: /^(?!(?:gap|tidings-cursor|tidings-end)$)[^\p{Cc}]{1,64}$/u,
    wanted: 'a name of 1 to 64 characters, such as "upload_by_qr"',
  },
  member_id: { pattern: /^[1-9]\d{0,14}$/, wanted: "a positive whole number of at most 15 digits" },
  // Whoever guesses it sees the pictures, and what is short is guessed: 22 random characters carry 128 bits.
  identifier: {
    pattern: /^[\w-]{1,64}$/,
    wanted: "1 to 64 letters, digits, hyphens and underscores, best of at least 128 random bits",
  },
} as const satisfies Record<string, Rule>;

/** @throws {Refusal} With status 400, naming the parameter. */
function parameter(query: URLSearchParams, name: keyof typeof RULES): string {
  const { pattern, wanted } = RULES[name];
  const [value, ...others] = query.getAll(name);
  if (value === undefined || value === "") {
    throw new Refusal(400, `The parameter ${name} is missing: it must be ${wanted}`, {
      code: "missing",
      parameter: name,
    });
  }
  if (others.length > 0 || !pattern.test(value)) {
    throw new Refusal(400, `The parameter ${name} is malformed: it must be ${wanted}, once`, {
      code: "malformed",
      parameter: name,
    });
  }
  return value;
}

/** @throws {Refusal} As {@linkcode readPlace}; also if `event` is no name. */
export function readSubscription(request: Request): Place & { readonly event: string } {
  const event = parameter(new URL(request.url).searchParams, "event");
  return { ...readPlace(request), event };
}

/** @throws {Refusal} With status 400, naming the parameter that is missing or malformed. */
export function readPlace(request: Request): Place {
  const query = new URL(request.url).searchParams;
  return { member: parameter(query, "member_id"), identifier: parameter(query, "identifier") };
}
