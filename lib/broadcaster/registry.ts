/**
 * Keeps the clients of a Broadcaster: who is connected, who lags, what they were delivered, and when they have to go.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { callHook } from "../base/errors.ts";
import type { DeliveryMeter, Recipient } from "../log/batcher.ts";
import type { EventLog } from "../log/log.ts";
import { type View, Views } from "../log/view.ts";
import { type Beating, joinHeartbeat, leaveHeartbeat } from "../stream/heartbeat.ts";
import type { CloseInfo } from "../stream/options.ts";
import { Admission, type LimitOptions, type Refusal } from "./admission.ts";

/** A client, as the registry sees it. */
export interface Client extends Recipient {
  readonly request: Request;
  readonly view: View<Recipient>;
  /** Whose client it is, for the limit `clientsPerOwner`. */
  readonly owner: string | undefined;
  /** When it is let go, by the clock, as soon as it has all. */
  readonly leaves: number;
  /** When it ends at the latest, by the clock, whatever waits for it. */
  readonly expires: number;
  /** What is in the log for it and was not handed over. */
  waiting(): { readonly events: number; readonly bytes: number };
  /** Ends it if it has lagged too long or too far. */
  sweep(now: number): void;
  /** Sends it away as soon as it has all that was published, with these last bytes. */
  finish(reason: "end" | "lifetime", farewell?: Uint8Array): void;
  /** Cuts it off at once. */
  truncate(info: CloseInfo, options: { discard: boolean }): void;
}

/** How often lagging clients and lifetimes are looked at, in milliseconds. */
export const SWEEP = 1_000;

export class Registry implements Beating, DeliveryMeter {
  readonly views: Views<Recipient> = new Views();
  /** The longest connected first. */
  readonly clients: Set<Client> = new Set();
  /** Those of them that have not taken all yet. */
  readonly lagging: Set<Client> = new Set();
  readonly clock: Clock;
  readonly admission: Admission;
  readonly figures: { delivered: number; bytes: number; dropped: number; refused: number } = {
    ...{ delivered: 0, bytes: 0, dropped: 0, refused: 0 },
  };
  readonly #log: EventLog;
  /** Whether a client that has an end of its own came since there was none. */
  #hasExpiring = false;
  readonly #onClose: ((info: CloseInfo, request: Request) => void) | undefined;

  constructor(
    log: EventLog,
    { clock, limits, onClose }: {
      clock: Clock;
      limits: LimitOptions | undefined;
      onClose: ((info: CloseInfo, request: Request) => void) | undefined;
    },
  ) {
    this.#log = log;
    this.clock = clock;
    this.admission = new Admission(limits ?? {}, clock);
    this.#onClose = onClose;
  }

  /** Why another client of this owner is not let in, if it is not. */
  refusal(owner: string | undefined): Refusal | undefined {
    const refusal = this.admission.refusal(this.clients.size, owner);
    if (refusal !== undefined) this.figures.refused++;
    return refusal;
  }

  /** Enters a client, which lags until it has all there is. */
  enter(client: Client): void {
    if (this.clients.size === 0) joinHeartbeat(this.clock, SWEEP, this);
    this.admission.enter(client.owner);
    this.clients.add(client);
    this.lagging.add(client);
    if (client.expires < Infinity) this.#hasExpiring = true;
  }

  leave(client: Client, info: CloseInfo): void {
    this.clients.delete(client);
    this.lagging.delete(client);
    this.views.release(client.view);
    this.admission.leave(client.owner);
    if (this.clients.size === 0) {
      this.#hasExpiring = false;
      leaveHeartbeat(this.clock, SWEEP, this);
    }
    const onClose = this.#onClose;
    if (onClose !== undefined) callHook("onClose", () => onClose(info, client.request));
  }

  delivered(events: number, bytes: number): void {
    this.figures.delivered += events;
    this.figures.bytes += bytes;
  }

  /** Events, at most so many, were dropped from the log before a client took them. */
  dropped(events: number): void {
    this.figures.dropped += events;
  }

  beat(): void {
    this.#log.trim();
    this.views.tidy();
    const now = this.clock.now();
    for (const client of this.lagging) client.sweep(now);
    if (!this.admission.limitsLifetime && !this.#hasExpiring) return;
    for (const client of this.clients) {
      if (client.leaves > now) continue;
      // The next look would be too late.
      if (client.expires < now + SWEEP) client.truncate({ reason: "lifetime" }, { discard: true });
      else client.finish("lifetime");
    }
  }
}
