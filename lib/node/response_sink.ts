/**
 * Writes an event stream to a Node response, without a detour through a `ReadableStream` and its promises.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import type { Producer, Sink } from "../stream/sink.ts";
import type { CloseReason } from "../stream/options.ts";
import { ChunkedWriter } from "./chunked.ts";
import { mayWriteDirectly } from "./direct.ts";
import { cutOff } from "./ending.ts";
import type { NodeResponse } from "./types.ts";

export class ResponseSink implements Sink {
  readonly #producer: Producer;
  readonly #outgoing: NodeResponse;
  readonly #chunked: ChunkedWriter | undefined;
  #full = false;

  /** @param direct Whether the socket may be written to past the response. */
  constructor(producer: Producer, outgoing: NodeResponse, direct: boolean) {
    this.#producer = producer;
    this.#outgoing = outgoing;
    this.#chunked = direct && mayWriteDirectly(outgoing) ? new ChunkedWriter() : undefined;
  }

  get hasRoom(): boolean {
    return !this.#full;
  }

  get buffered(): number {
    const outgoing = this.#outgoing;
    return "stream" in outgoing ? outgoing.stream.writableLength : outgoing.writableLength;
  }

  write(chunk: Uint8Array): void {
    const outgoing = this.#outgoing as ServerResponse;
    if (outgoing.destroyed) throw new Error("The client left");
    if (this.#chunked !== undefined) {
      const full = this.#chunked.write(outgoing, chunk);
      if (full !== undefined) this.#wait(full);
    } else if (!outgoing.write(chunk)) this.#wait(outgoing);
  }

  end(): void {
    this.#outgoing.end();
  }

  cut(_reason: CloseReason, discard: boolean): void {
    cutOff(this.#outgoing, discard);
  }

  /** Asks for more as long as there is room and something to say. */
  wake(): void {
    while (!this.#full && this.#producer.pull());
  }

  /** There is no room until the drain. Whoever never lets it come to this needs no listener. */
  #wait(full: NodeJS.EventEmitter): void {
    if (this.#full) return;
    this.#full = true;
    full.once("drain", () => {
      this.#full = false;
      this.wake();
    });
  }
}
