/** Is a client without a network: it reads a response's body when it is told to, and stalls otherwise. */

import { setImmediate as nextTurn } from "node:timers/promises";
import { constants, gunzipSync, inflateRawSync } from "node:zlib";
import { createParser } from "eventsource-parser";
import { PATIENCE, sleep } from "./wait.ts";

// How far back a block may refer. RFC 1951, section 2.
const WINDOW = 32_768;

export interface Received {
  event: string | undefined;
  data: string;
  id: string | undefined;
}

export class MemoryClient {
  /** All that was dispatched, those that tidings sends for their ids alone left out. */
  readonly events: Received[] = [];
  /** What it would send as `Last-Event-ID`. */
  lastEventId: string | undefined;
  /** Chunks that were read, as they came. */
  readonly chunks: Uint8Array[] = [];
  /** Whether the stream has ended, and whether it was cut off. */
  ended: "no" | "end" | "cut" = "no";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #reading: Promise<void> | undefined;
  readonly #isPacked: boolean;
  /** The end of what was unpacked. */
  #window: Buffer = Buffer.alloc(0);
  #hasLeft = false;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    onEvent: ({ event, data, id }) => {
      if (id !== undefined) this.lastEventId = id;
      if (event !== "tidings-cursor" && event !== "tidings-end") this.events.push({ event, data, id });
    },
  });

  constructor(response: Response) {
    this.#isPacked = response.headers.get("content-encoding") === "gzip";
    this.#reader = response.body!.getReader();
  }

  /** Reads on until the condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (await this.settle(), !condition()) {
      if (performance.now() > deadline) throw new Error(`In ${PATIENCE} ms it did not come to this: ${what}`);
      await sleep(2);
    }
  }

  /** Reads one chunk, or begins to wait for it. */
  read(): Promise<void> {
    return this.#reading ??= this.#reader.read().then(({ done, value }) => {
      this.#reading = undefined;
      if (done) return this.#end();
      this.chunks.push(value);
      this.#parser.feed(this.#decoder.decode(this.#isPacked ? this.#unpack(value) : value, { stream: true }));
    }, () => {
      this.#reading = undefined;
      this.ended = "cut";
    });
  }

  /** Each chunk can be unpacked as it comes; it may refer to what came before it. */
  #unpack(chunk: Uint8Array): Uint8Array {
    const isFirst = this.chunks.length === 1;
    const blocks = isFirst ? chunk.subarray(10) : chunk;
    if (blocks[0] === 3) return new Uint8Array();
    const window = this.#window;
    const { length } = window;
    // RFC 1951, section 3.2.4: what it may refer to goes before it, in a stored block. Deno's zlib ignores dictionaries.
    const head = Uint8Array.of(0, length & 0xff, length >>> 8, ~length & 0xff, ~length >>> 8 & 0xff);
    const options = { finishFlush: constants.Z_SYNC_FLUSH };
    const all = inflateRawSync(Buffer.concat([head, window, blocks]), options);
    this.#window = Buffer.from(all.subarray(-WINDOW));
    return all.subarray(length);
  }

  #end(): void {
    this.ended = "end";
    // What ended well is whole, and its checksum is right.
    if (this.#isPacked && !this.#hasLeft) gunzipSync(Buffer.concat(this.chunks));
  }

  /** Reads all there is, and goes on waiting for the next chunk. */
  async settle(): Promise<void> {
    let idle = 0;
    while (idle < 2 && this.ended === "no") {
      const before = this.chunks.length;
      void this.read();
      await nextTurn();
      idle = this.chunks.length === before ? idle + 1 : 0;
    }
  }

  get data(): string[] {
    return this.events.map(({ data }) => data);
  }

  leave(): Promise<void> {
    this.#hasLeft = true;
    return this.#reader.cancel();
  }
}

/** A request as a server hands it over. */
export function request(
  init: { lastEventId?: string | undefined; method?: string; signal?: AbortSignal; packed?: boolean } = {},
): Request {
  const { lastEventId, packed = false, ...rest } = init;
  const headers = new Headers();
  if (lastEventId !== undefined) headers.set("last-event-id", lastEventId);
  if (packed) headers.set("accept-encoding", "gzip");
  return new Request("http://localhost/stream", { ...rest, headers });
}
