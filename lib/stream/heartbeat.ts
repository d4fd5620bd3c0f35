/**
 * The one clock for all connections: a timer an interval, never a timer a client.
 *
 * The timer is unref'd where the runtime can do that, so nothing but keepalives left means that the process may exit,
 * and it is cleared when its last member leaves.
 *
 * @module
 */

import { unref } from "../base/runtime.ts";

/** Who is called at each beat. An object, not a function, so that ten thousand streams are not ten thousand closures. */
export interface Beating {
  /** Must not throw. */
  beat(): void;
}

interface Clock {
  readonly members: Set<Beating>;
  readonly timer: ReturnType<typeof setInterval>;
}

const clocks = new Map<number, Clock>();

/** Calls `member.beat()` every `interval` milliseconds until the member leaves. All members of one interval share one timer. */
export function joinHeartbeat(interval: number, member: Beating): void {
  let clock = clocks.get(interval);
  if (clock === undefined) {
    const members = new Set<Beating>();
    const timer = setInterval(() => members.forEach((member) => member.beat()), interval);
    unref(timer);
    clocks.set(interval, clock = { members, timer });
  }
  clock.members.add(member);
}

/** Ends what {@linkcode joinHeartbeat} began. Harmless for one who never joined. */
export function leaveHeartbeat(interval: number, member: Beating): void {
  const clock = clocks.get(interval);
  if (clock === undefined || !clock.members.delete(member) || clock.members.size > 0) return;
  clearInterval(clock.timer);
  clocks.delete(interval);
}

/** How many timers run: for tests, which prove that none outlives its clients. */
export function heartbeatTimers(): number {
  return clocks.size;
}
