/**
 * Calls many members at a steady pace from one timer: a timer an interval, and a timer a client only where a runtime
 * leaves no choice.
 *
 * The timer is unref'd where the runtime can do that, so a process with nothing left but keepalives may exit; it is
 * cleared when its last member leaves.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { timersEndWithRequest, unref } from "../base/runtime.ts";

/** A member, called at each beat. It is an object and no function: ten thousand streams need no ten thousand closures. */
export interface Beating {
  /** Must not throw. */
  beat(): void;
}

class Heartbeat {
  readonly members = new Set<Beating>();
  readonly #clock: Clock;
  readonly #interval: number;
  #timer: unknown;

  constructor(clock: Clock, interval: number) {
    this.#clock = clock;
    this.#interval = interval;
    this.#schedule();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = this.#clock.setTimeout(() => {
      // First, so that whoever leaves meanwhile as the last one stops the next beat.
      this.#schedule();
      for (const member of this.members) member.beat();
    }, this.#interval);
    unref(this.#timer);
  }
}

const heartbeats = new WeakMap<Clock, Map<number, Heartbeat>>();
/** Those of one member alone, each on a timer of the member's own request. */
const own = new WeakMap<Beating, Heartbeat>();

/**
 * Calls `member.beat()` every `interval` milliseconds until it leaves. All members of one interval share one timer, unless
 * {@linkcode timersEndWithRequest}. A member joins one interval at a time.
 */
export function joinHeartbeat(clock: Clock, interval: number, member: Beating): void {
  if (timersEndWithRequest) {
    const heartbeat = new Heartbeat(clock, interval);
    heartbeat.members.add(member);
    own.set(member, heartbeat);
    return;
  }
  let byInterval = heartbeats.get(clock);
  if (byInterval === undefined) heartbeats.set(clock, byInterval = new Map());
  let heartbeat = byInterval.get(interval);
  if (heartbeat === undefined) byInterval.set(interval, heartbeat = new Heartbeat(clock, interval));
  heartbeat.members.add(member);
}

/** Ends what {@linkcode joinHeartbeat} began. Harmless for one that never joined. */
export function leaveHeartbeat(clock: Clock, interval: number, member: Beating): void {
  if (timersEndWithRequest) {
    own.get(member)?.stop();
    own.delete(member);
    return;
  }
  const byInterval = heartbeats.get(clock);
  const heartbeat = byInterval?.get(interval);
  if (heartbeat === undefined || !heartbeat.members.delete(member) || heartbeat.members.size > 0) return;
  heartbeat.stop();
  byInterval!.delete(interval);
}
