/**
 * Decides which clients are let in: how many there may be, in all and of one owner, and what the others are told.
 *
 * @module
 */

import { type Clock, spread } from "../base/clock.ts";
import { checkNames, durationOption, namesOf, numberOption, wrongOption } from "../base/options.ts";

/** Limits of a Broadcaster. */
export interface LimitOptions {
  /** Clients at once. Default: `Infinity`. */
  clients?: number | undefined;
  /** Clients at once with the same `owner`, which `subscribe()` is given: an address, a user. Default: `Infinity`. */
  clientsPerOwner?: number | undefined;
  /**
   * Milliseconds after which a client is ended, to come back with its last id; each a little earlier, by up to a tenth, so
   * that they do not come together. The only answer to peers that vanished without a word, which no write would notice
   * for minutes. Default: `Infinity`.
   */
  lifetime?: number | undefined;
  /**
   * What a client is told for which there is no room. `"retry"`: an event stream that ends at once, with a `retry`; an
   * `EventSource` comes back by itself. `"refuse"`: status 503, or 429 if its owner has too many, with `Retry-After`; an
   * `EventSource` takes that for final. Default: `"retry"`.
   */
  whenFull?: "retry" | "refuse" | undefined;
  /** Milliseconds after which it is told to come back; each a little later, by up to a half. Default: 10,000. */
  retryAfter?: number | undefined;
}

/** Why there is no room. */
export type Refusal = "clients" | "clientsPerOwner";

const LIMITS = namesOf<LimitOptions>({
  clients: true,
  clientsPerOwner: true,
  lifetime: true,
  whenFull: true,
  retryAfter: true,
});

export class Admission {
  readonly #clock: Clock;
  readonly #limits: { readonly [Name in keyof LimitOptions]-?: NonNullable<LimitOptions[Name]> };
  readonly #perOwner = new Map<string, number>();

  /** @throws {TypeError} Naming the option and the value received. */
  constructor(options: LimitOptions, clock: Clock) {
    checkNames("limits", options, LIMITS, { clientsPerKey: "clientsPerOwner" });
    const {
      clients = Infinity,
      clientsPerOwner = Infinity,
      lifetime = Infinity,
      whenFull = "retry",
      retryAfter = 10_000,
    } = options;
    numberOption("limits.clients", clients, { least: 0, unit: "clients", endless: true });
    numberOption("limits.clientsPerOwner", clientsPerOwner, { least: 1, unit: "clients", endless: true });
    // No timer is set to it, so it may be longer than one can be.
    numberOption("limits.lifetime", lifetime, { least: 1, unit: "milliseconds", endless: true });
    durationOption("limits.retryAfter", retryAfter, { least: 0 });
    if (whenFull !== "retry" && whenFull !== "refuse") {
      throw wrongOption("limits.whenFull", '"retry" or "refuse"', whenFull);
    }
    this.#clock = clock;
    this.#limits = { clients, clientsPerOwner, lifetime, whenFull, retryAfter };
  }

  /** Why there is no room beside so many clients for one more of this owner, if there is none. */
  refusal(clients: number, owner: string | undefined): Refusal | undefined {
    const limits = this.#limits;
    if (clients >= limits.clients) return "clients";
    if (owner !== undefined && (this.#perOwner.get(owner) ?? 0) >= limits.clientsPerOwner) {
      return "clientsPerOwner";
    }
    return undefined;
  }

  enter(owner: string | undefined): void {
    if (owner !== undefined) this.#perOwner.set(owner, (this.#perOwner.get(owner) ?? 0) + 1);
  }

  leave(owner: string | undefined): void {
    if (owner === undefined) return;
    const count = this.#perOwner.get(owner)! - 1;
    if (count === 0) this.#perOwner.delete(owner);
    else this.#perOwner.set(owner, count);
  }

  /** Whether clients have to go after some time. */
  get limitsLifetime(): boolean {
    return this.#limits.lifetime < Infinity;
  }

  /** When a client that enters now has to go, by the clock. */
  expiry(): number {
    return this.#clock.now() + spread(this.#clock, this.#limits.lifetime, 1, 0.9);
  }

  /** The answer to a client for which there is no room. */
  turnAway(refusal: Refusal, headers: Headers): Response {
    const { whenFull, retryAfter } = this.#limits;
    const wait = Math.round(spread(this.#clock, retryAfter, 1, 1.5));
    if (whenFull === "retry") return new Response(`:\nretry: ${wait}\n\n`, { headers });
    headers.set("content-type", "text/plain; charset=utf-8");
    headers.set("retry-after", String(Math.ceil(wait / 1000)));
    return refusal === "clients"
      ? new Response("Too many clients: come back later\n", { status: 503, headers })
      : new Response("Too many streams of yours: close one, or come back later\n", { status: 429, headers });
  }
}
