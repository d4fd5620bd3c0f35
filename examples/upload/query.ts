/** The parameters of the API, checked: what is missing or malformed is named. */

/** Whose pictures, and by which code. */
export interface Place {
  readonly member: string;
  readonly identifier: string;
}

/** What cannot be done, as it is answered: a status, and JSON with a code for the page and a sentence for people. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly parameter: string | undefined;

  constructor(status: number, code: string, message: string, parameter?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.parameter = parameter;
  }

  toResponse(): Response {
    const { status, code, parameter, message } = this;
    return Response.json({ error: { code, ...(parameter === undefined ? {} : { parameter }), message } }, {
      status,
      headers: {
        "cache-control": "no-store",
        // A client that has been told of a limit and goes on sending is not listened to for ever.
        ...(status === 413 ? { connection: "close" } : {}),
      },
    });
  }
}

interface Rule {
  readonly pattern: RegExp;
  readonly wanted: string;
}

const RULES = {
  // Under this name the list of pictures is sent. Two names are the library's own.
  event: {
    pattern: /^(?!(?:gap|tidings-cursor)$)[^\p{Cc}]{1,64}$/u,
    wanted: 'a name of 1 to 64 characters, such as "upload_by_qr"',
  },
  member_id: { pattern: /^[1-9]\d{0,14}$/, wanted: "a positive whole number of at most 15 digits" },
  // Whoever guesses it sees the pictures, and what is short is guessed: 22 random characters carry 128 bits.
  identifier: {
    pattern: /^[\w-]{1,64}$/,
    wanted: "1 to 64 letters, digits, hyphens and underscores, best of at least 128 random bits",
  },
} as const satisfies Record<string, Rule>;

/** @throws {Problem} With status 400, naming the parameter. */
function parameter(query: URLSearchParams, name: keyof typeof RULES): string {
  const { pattern, wanted } = RULES[name];
  const [value, ...others] = query.getAll(name);
  if (value === undefined || value === "") {
    throw new Problem(400, "missing", `The parameter ${name} is missing: it must be ${wanted}`, name);
  }
  if (others.length > 0 || !pattern.test(value)) {
    throw new Problem(
      400,
      "malformed",
      `The parameter ${name} is malformed: it must be ${wanted}, once`,
      name,
    );
  }
  return value;
}

/** @throws {Problem} As {@linkcode readPlace}; also if `event` is no name. */
export function readSubscription(request: Request): Place & { readonly event: string } {
  const event = parameter(new URL(request.url).searchParams, "event");
  return { ...readPlace(request), event };
}

/** @throws {Problem} With status 400, naming the parameter that is missing or malformed. */
export function readPlace(request: Request): Place {
  const query = new URL(request.url).searchParams;
  return { member: parameter(query, "member_id"), identifier: parameter(query, "identifier") };
}
