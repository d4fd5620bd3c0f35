/**
 * Who is let in: how many clients there may be, in all and of one key, and what the others are told.
 *
 * @module
 */

import { numberOption, wrongOption } from "../base/options.ts";

/** Limits of a Broadcaster. */
export interface LimitOptions {
  /** Clients at once. Default: `Infinity`. */
  clients?: number | undefined;
  /** Clients at once with the same `key`, which `subscribe()` is given: an address, a user. Default: `Infinity`. */
  clientsPerKey?: number | undefined;
  /**
   * Milliseconds after which a client is ended, to come back with its last id; each a little earlier, by up to a tenth, so
   * that they do not come together. The only answer to peers that vanished without a word, which no write would notice
   * for minutes. Default: `Infinity`.
   */
  lifetime?: number | undefined;
  /**
   * What a client is told for which there is no room. `"retry"`: an event stream that ends at once, with a `retry`; an
   * `EventSource` comes back by itself. `"refuse"`: status 503, or 429 if its key has too many, with `Retry-After`; an
   * `EventSource` takes that for final. Default: `"retry"`.
   */
  whenFull?: "retry" | "refuse" | undefined;
  /** Milliseconds after which it is told to come back; each a little later, by up to a half. Default: 10,000. */
  retryAfter?: number | undefined;
}

/** Why there is no room. */
export type Refusal = "clients" | "clientsPerKey";

export class Admission {
  readonly #limits: Required<{ [Name in keyof LimitOptions]: NonNullable<LimitOptions[Name]> }>;
  readonly #perKey = new Map<string, number>();
  #clients = 0;

  /** @throws {TypeError} Naming the option and the value received. */
  constructor(options: LimitOptions) {
    const {
      clients = Infinity,
      clientsPerKey = Infinity,
      lifetime = Infinity,
      whenFull = "retry",
      retryAfter = 10_000,
    } = options;
    numberOption("limits.clients", clients, { least: 0, unit: "clients", endless: true });
    numberOption("limits.clientsPerKey", clientsPerKey, { least: 1, unit: "clients", endless: true });
    numberOption("limits.lifetime", lifetime, { least: 1, unit: "milliseconds", endless: true });
    numberOption("limits.retryAfter", retryAfter, { least: 0, unit: "milliseconds" });
    if (whenFull !== "retry" && whenFull !== "refuse") {
      throw wrongOption("limits.whenFull", '"retry" or "refuse"', whenFull);
    }
    this.#limits = { clients, clientsPerKey, lifetime, whenFull, retryAfter };
  }

  /** Lets a client in, or says why not. Whoever was let in must {@linkcode Admission.leave}. */
  enter(key: string | undefined): Refusal | undefined {
    const { clients, clientsPerKey } = this.#limits;
    if (this.#clients >= clients) return "clients";
    if (key !== undefined) {
      const count = this.#perKey.get(key) ?? 0;
      if (count >= clientsPerKey) return "clientsPerKey";
      this.#perKey.set(key, count + 1);
    }
    this.#clients++;
    return undefined;
  }

  leave(key: string | undefined): void {
    this.#clients--;
    if (key === undefined) return;
    const count = this.#perKey.get(key)! - 1;
    if (count === 0) this.#perKey.delete(key);
    else this.#perKey.set(key, count);
  }

  /** When a client that enters now must leave. */
  expiry(now: number): number {
    const { lifetime } = this.#limits;
    return lifetime === Infinity ? Infinity : now + lifetime * (1 - Math.random() / 10);
  }

  /** The answer to a client for which there is no room. */
  turnAway(refusal: Refusal, headers: Headers): Response {
    const { whenFull, retryAfter } = this.#limits;
    const wait = Math.round(retryAfter * (1 + Math.random() / 2));
    if (whenFull === "retry") return new Response(`:\nretry: ${wait}\n\n`, { headers });
    headers.set("content-type", "text/plain; charset=utf-8");
    headers.set("retry-after", String(Math.ceil(wait / 1000)));
    return refusal === "clients"
      ? new Response("Too many clients: come back later\n", { status: 503, headers })
      : new Response("Too many streams of yours: close one, or come back later\n", { status: 429, headers });
  }
}
