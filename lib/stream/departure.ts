/**
 * Lets an adapter tell a stream that its client has left, at less cost than by the request's `signal`. On Node the signal
 * is a chain of abort controllers, which takes more memory than all the rest of a quiet stream.
 *
 * @module
 */

/** Who wants to know. */
export interface Watcher {
  /** The client left before its response was complete. Called at most once; must not throw. */
  clientLeft(): void;
}

/** One client's departure. */
export interface Departure {
  /** Whether it has left. */
  readonly left: boolean;
  watch(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

/** Where a request of such an adapter carries its {@linkcode Departure}. */
export const DEPARTURE: unique symbol = Symbol("tidings.departure");

/** The request's departure. A copy of the request has none: its signal tells. */
export function departureOf(request: Request): Departure | undefined {
  return (request as { [DEPARTURE]?: Departure })[DEPARTURE];
}

/** Whether the request's client has left already. */
export function hasLeft(request: Request): boolean {
  return departureOf(request)?.left ?? request.signal.aborted;
}
