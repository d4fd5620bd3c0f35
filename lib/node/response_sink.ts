/**
 * A Node response as the sink of an event stream: what is published goes to the socket without a detour through a
 * `ReadableStream` and its promises.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import type { Answerer, Sink } from "../sink.ts";
import type { CloseReason } from "../stream_options.ts";
import { cutOff } from "./ending.ts";
import type { NodeResponse } from "./types.ts";

export class ResponseSink implements Sink {
  readonly #answerer: Answerer;
  readonly #outgoing: NodeResponse;
  #full = false;

  constructor(answerer: Answerer, outgoing: NodeResponse) {
    this.#answerer = answerer;
    this.#outgoing = outgoing;
    outgoing.on("drain", () => {
      this.#full = false;
      this.wake();
    });
  }

  get hasRoom(): boolean {
    return !this.#full;
  }

  get buffered(): number {
    const outgoing = this.#outgoing;
    return "stream" in outgoing ? outgoing.stream.writableLength : outgoing.writableLength;
  }

  write(chunk: Uint8Array): void {
    if (this.#outgoing.destroyed) throw new Error("The client left");
    if (!(this.#outgoing as ServerResponse).write(chunk)) this.#full = true;
  }

  end(): void {
    this.#outgoing.end();
  }

  cut(_reason: CloseReason, discard: boolean): void {
    cutOff(this.#outgoing, discard);
  }

  /** Asks for more as long as there is room and something to say. */
  wake(): void {
    while (!this.#full) if (this.#answerer.pull() === "idle") return;
  }
}
