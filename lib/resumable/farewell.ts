/**
 * Tells the readers of a stream that it has ended, in the words that the option `end` asks for.
 *
 * @module
 */

import type { StreamHead, StreamRecord } from "../store/store.ts";
import { FINAL_FRAME } from "../response/final.ts";
import { concat } from "../base/bytes.ts";
import { show, TidingsError } from "../base/errors.ts";
import { encodeEvent } from "../wire/event.ts";
import { sentFrame, toFrame } from "./event.ts";
import { type EndWords, statusOf } from "./options.ts";

const utf8 = new TextEncoder();

export class Farewell {
  /** The name that no other event may have; `false` if there is none. */
  readonly name: string | false;
  readonly #end: EndWords;
  readonly #tell: (error: unknown) => void;

  /** @param tell Tells the operator of words that fail. */
  constructor(end: EndWords, tell: (error: unknown) => void) {
    this.#end = end;
    this.#tell = tell;
    this.name = typeof end === "function" ? false : end;
  }

  /** The last event of a stream that has ended, at a place of its own behind all others; `undefined` if it gets none. */
  record(head: StreamHead): StreamRecord | undefined {
    const frame = this.#frame(head);
    return frame === undefined ? undefined : { seq: head.last + 1, frame };
  }

  /**
   * The last bytes of a response; `undefined` if there are none. Behind the event for the application comes
   * the sign by which `connect()` knows that it need not come back. Clients that know a sign of their own are spared it.
   */
  bytes(head: StreamHead): Uint8Array | undefined {
    const record = this.record(head);
    if (record === undefined) return undefined;
    const bytes = utf8.encode(sentFrame(head.epoch, record));
    return this.name === false ? bytes : concat(bytes, FINAL_FRAME);
  }

  #frame(head: StreamHead): string | undefined {
    const { state, last, reason } = head;
    if (this.#end === false) return undefined;
    if (typeof this.#end === "string") {
      return encodeEvent({
        event: this.#end,
        data: { state, events: last, ...(reason !== undefined && { reason }) },
      });
    }
    try {
      const event = this.#end(statusOf(head));
      if (typeof event === "object" && event.id !== undefined) {
        throw new TidingsError(
          "invalid-event",
          `The event that the option "end" makes must have no id, for its place in the stream is its id, received ${
            show(event.id)
          }`,
        );
      }
      return event === undefined ? undefined : toFrame(event, false);
    } catch (error) {
      // The stream has to end all the same.
      this.#tell(error);
      return undefined;
    }
  }
}
