/**
 * Notices when the client of a Node response leaves.
 *
 * @module
 */

import type { Departure, Watcher } from "../stream/departure.ts";
import { isComplete } from "./ending.ts";
import type { NodeResponse } from "./types.ts";

/** How a request's signal is aborted: a name that no handler comes across. */
export const ABORT: unique symbol = Symbol("tidings.abort");

/** A request whose signal can be aborted. */
export interface Abortable {
  [ABORT](): void;
}

/**
 * Notices the end of a response, and if the client left before it was complete, aborts the request's signal and tells
 * whoever watches.
 *
 * A request's signal never fires on Node once nothing refers to the request any more, though somebody may listen to it.
 * So the request is held here for as long as its response, unless that is a stream which watches its departure, and nobody
 * has asked for the signal yet: a quiet stream then does not pay for it.
 */
export class ResponseDeparture implements Departure {
  /** Whether the response has ended, one way or the other. */
  over = false;
  left = false;
  #watchers: Watcher[] = [];
  #request: Abortable | undefined;
  #letGo: WeakRef<Abortable> | undefined;
  #signalIsUsed = false;

  constructor(outgoing: NodeResponse) {
    outgoing.on("close", () => {
      if (isComplete(outgoing)) this.over = true;
      else this.leave();
    });
  }

  /** Whose signal is to be aborted. */
  attach(request: Abortable): void {
    this.#request = request;
  }

  /** Somebody has asked for the request's signal. */
  useSignal(request: Abortable): void {
    this.#signalIsUsed = true;
    this.#request = request;
  }

  watch(watcher: Watcher): void {
    this.#watchers.push(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers = this.#watchers.filter((each) => each !== watcher);
  }

  /** The response has become a stream, which watches if it was made for this request, and from now on in any case. */
  handOver(stream: Watcher): void {
    if (!this.#watchers.includes(stream)) return this.watch(stream);
    if (this.#signalIsUsed || this.#request === undefined) return;
    this.#letGo = new WeakRef(this.#request);
    this.#request = undefined;
  }

  /** The client has left: nothing more is sent to it. */
  leave(): void {
    if (this.over) return;
    this.over = true;
    this.left = true;
    (this.#request ?? this.#letGo?.deref())?.[ABORT]();
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher.clientLeft();
  }
}
