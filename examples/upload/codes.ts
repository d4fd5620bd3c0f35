/** Keeps the codes: each belongs to one member, holds the pictures that came by it, and ends. */

import { Refusal } from "../support/http.ts";
import type { Kept } from "./folder.ts";
import type { Place } from "./query.ts";

/** Ended codes that are remembered, so that they do not begin anew. */
const REMEMBERED = 10_000;

/** A code that is good. */
export interface Code extends Place {
  /** What its events are published under. */
  readonly topic: string;
  /** The names under which pages want the list of its pictures. */
  readonly events: Set<string>;
  readonly pictures: Kept[];
  /** When it ends, in milliseconds since 1970. */
  readonly ends: number;
  /** Aborted when it ends. */
  readonly signal: AbortSignal;
  /** Pictures and bytes that it has, and that are on their way. */
  readonly used: { pictures: number; bytes: number };
}

export interface CodesOptions {
  /** Milliseconds for which a code is good. */
  readonly lifetime: number;
  /** Codes that may be good at once. */
  readonly most: number;
  /** Called when a code ends by itself, before its signal is aborted. */
  readonly onEnd: (code: Code) => void;
}

export class Codes {
  readonly #options: CodesOptions;
  readonly #codes = new Map<string, Code & { end(): void }>();
  readonly #ended = new Set<string>();

  constructor(options: CodesOptions) {
    this.#options = options;
  }

  /**
   * The code of this place, which begins if it is new. `undefined` if it has ended.
   *
   * @throws {Refusal} If the identifier belongs to another member, or there are too many codes.
   */
  open(place: Place): Code | undefined {
    const { member, identifier } = place;
    if (this.#ended.has(identifier)) return undefined;
    const known = this.#codes.get(identifier);
    if (known !== undefined) return ofMember(known, member);
    const { lifetime, most, onEnd } = this.#options;
    if (this.#codes.size >= most) {
      throw new Refusal(503, "Too many codes are in use: try again later", { code: "too-many-codes" });
    }
    const ending = new AbortController();
    const timer = setTimeout(() => {
      this.#forget(identifier);
      onEnd(code);
      // What was published just now goes out at the end of this turn.
      queueMicrotask(() => ending.abort());
    }, lifetime);
    const code = {
      member,
      identifier,
      topic: `${member}/${identifier}`,
      events: new Set<string>(),
      pictures: [],
      ends: Date.now() + lifetime,
      signal: ending.signal,
      used: { pictures: 0, bytes: 0 },
      end() {
        clearTimeout(timer);
        ending.abort();
      },
    };
    this.#codes.set(identifier, code);
    return code;
  }

  /**
   * The code of this place.
   *
   * @throws {Refusal} If there is none, or it has ended, or belongs to another member.
   */
  find({ member, identifier }: Place): Code {
    const code = this.#codes.get(identifier);
    if (code !== undefined) return ofMember(code, member);
    throw this.#ended.has(identifier)
      ? codeEnded()
      : new Refusal(404, "There is no such code: open the page that shows it", { code: "unknown" });
  }

  /** Ends all of them. */
  close(): void {
    for (const code of this.#codes.values()) code.end();
    this.#codes.clear();
  }

  #forget(identifier: string): void {
    this.#codes.delete(identifier);
    this.#ended.add(identifier);
    // A set gives its members in the order in which they came.
    for (const oldest of this.#ended) {
      if (this.#ended.size <= REMEMBERED) break;
      this.#ended.delete(oldest);
    }
  }
}

/** Whoever uses a code after its time is told this. */
export function codeEnded(): Refusal {
  return new Refusal(410, "This code has ended: show a new one", { code: "ended" });
}

function ofMember<T extends Code>(code: T, member: string): T {
  if (code.member === member) return code;
  throw new Refusal(403, "This code belongs to another member", {
    code: "not-yours",
    parameter: "member_id",
  });
}
