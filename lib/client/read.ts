/**
 * Reads one event stream as an async iterable, without reconnecting.
 *
 * It loops over a reader, and its iterator is written by hand: chained TransformStreams take three to ten times as long,
 * and an async generator spends more on a `yield` than the parser does on the event. So does a promise: therefore
 * {@linkcode openReading} calls back with each item of a chunk.
 *
 * @module
 */
import { checkNames } from "./options.ts";
import { TidingsError } from "../base/errors.ts";
import { createParser, type ServerComment, type ServerEvent } from "./parse.ts";
import { requireEventStream } from "./response.ts";

/** A body as far as anything is known of it. */
type AnyBody =
  | Partial<ReadableStream<Uint8Array | string> & AsyncIterable<Uint8Array | string>> & {
    destroy?(): void;
  }
  | undefined;

/** What a reader reads. */
interface Chunk {
  readonly done?: boolean | undefined;
  readonly value?: Uint8Array | string | undefined;
}

/** What is used of a reader. */
interface BodyReader {
  read(): Promise<Chunk>;
  cancel(): Promise<unknown>;
  releaseLock?(): void;
}

/** The id by which a tidings server says that the source is finished: nothing comes after it, and nobody need come back. */
export const END_ID = "tidings-end";

/** How {@linkcode parseSSE} reads. */
export interface ParseOptions {
  /** Whether comments are yielded too, in order with the events. Default `false`. */
  comments?: boolean | undefined;
  /** The last event ID to begin with, of an earlier response. Default `""`. */
  lastEventId?: string | undefined;
  /** Called for each `retry` field, with the milliseconds. Default: dropped, as nothing reconnects here. */
  onRetry?: ((milliseconds: number) => void) | undefined;
  /** How much one event may take, in UTF-16 code units; see `ParserOptions`. Default 1 048 576. */
  maxEventSize?: number | undefined;
  /**
   * Called before each read, once all that was read before has been handed out, with the id to resume from: the last
   * one that came, be it without an event. Default: nothing.
   */
  onRead?: ((lastEventId: string) => void) | undefined;
}

/** What {@linkcode parseSSE} reads from: a response, or a stream of its bytes or text. */
export type EventSourceBody = Response | ReadableStream<Uint8Array> | ReadableStream<string>;

/** What {@linkcode parseSSE} returns: for one loop, or for calls of `next()` one after the other. */
export interface EventIterator<Item> extends AsyncIterableIterator<Item> {
  /** Cancels the stream at once: a `next()` under way ends the iteration. */
  return(): Promise<IteratorResult<Item>>;
}

/**
 * Reads the events of one response, from its first byte to its end, and never reconnects: what an LLM's answer needs.
 * Leaving the loop cancels the stream. (Firefox closes the connection only once the `fetch` is aborted: give it a
 * `signal`, and abort that too.) A `Response` must be status 200 and `text/event-stream`; to read one that lies
 * about that, pass its `body`. What a tidings server sends for the sake of an id alone is not yielded. The iterator's `next()` is for one caller at a time, as `for await` does it.
 *
 * @throws {TypeError} when the stream is already locked, or an option is wrong.
 * @throws {TidingsError} `"bad-status"`, `"no-content"`, `"bad-content-type"` or, when it was read already, `"bad-body"` at
 * once, for such a response. While iterating: `"event-too-large"`, in its place among the events. A connection that breaks throws what the runtime throws.
 *
 * @example
 * ```ts
 * import { parseSSE } from "tidings/client";
 *
 * const headers = { "content-type": "text/event-stream" };
 * const response = new Response("data: Hel\n\ndata: lo\n\n", { headers });
 * for await (const event of parseSSE(response)) console.log(event.data); // "Hel", then "lo"
 * ```
 */
export function parseSSE(
  source: EventSourceBody,
  options: ParseOptions & { comments: true },
): EventIterator<ServerEvent | ServerComment>;
/** Reads the events of one response, without its comments. */
export function parseSSE(
  source: EventSourceBody,
  options?: ParseOptions & { comments?: false | undefined },
): EventIterator<ServerEvent>;
export function parseSSE(
  source: EventSourceBody,
  options: ParseOptions = {},
): EventIterator<ServerEvent | ServerComment> {
  checkNames(options, "comments lastEventId onRetry maxEventSize onRead");
  const reading = openReading(source, options, (item) => batch!.push(item));
  // What was read and not yet handed out, the next one last.
  let batch: (ServerEvent | ServerComment)[] | undefined = [];
  return {
    async next() {
      while (batch) {
        const item = batch.pop();
        if (item) return { done: false, value: item };
        try {
          batch = reading.feed(await reading.read()) ? batch.reverse() : undefined;
        } catch (error) {
          // To cancel a Node stream fails the read that is under way.
          if (!batch) break;
          batch = undefined;
          reading.cancel();
          throw error;
        }
      }
      return { done: true, value: undefined };
    },
    return() {
      batch = undefined;
      reading.cancel();
      return this.next();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Reads a chunk at a time what {@linkcode parseSSE} hands out one by one: `feed(await read())`, for one caller at a time. */
export interface Reading {
  /** Reads the next chunk. It fails as the iterator of `parseSSE` does; one that is cancelled meanwhile may fail with anything. */
  read(): Promise<Chunk> | Chunk;
  /** Calls back with each item that a chunk completes. Gives false at the end. */
  feed(chunk: Chunk): boolean;
  /** Cancels the stream at once. */
  cancel(): void;
}

/** Opens what {@linkcode parseSSE} reads, and throws as it does. `onItem` must not throw. */
export function openReading(
  source: EventSourceBody,
  options: ParseOptions,
  onItem: (item: ServerEvent | ServerComment) => void,
): Reading {
  const { comments, onRead, ...parsing } = options;
  const response = (source as Response).headers ? source as Response : undefined;
  if (response) requireEventStream(response);
  const parser = createParser({
    ...parsing,
    response,
    onEvent(item) {
      // The server's ways to hand over an id with nothing else: the id counts, the event is none.
      if (item.data || !/^tidings-(cursor|end)$/.test(item.event)) onItem(item);
    },
    onComment: comments ? onItem : undefined,
  });
  // The parser drops the byte order mark: a decoder that did it too would drop a second one.
  const decoder = new TextDecoder(undefined, { ignoreBOM: true });
  const body = response ? response.body : source as ReadableStream<Uint8Array | string>;
  // A response without a body has no events.
  let reader = body === null ? undefined : createReader(body, response);

  const cancel = (): void => {
    // A stream that has failed rejects this, and has said so already.
    reader?.cancel().catch(() => {});
    reader?.releaseLock?.();
    reader = undefined;
  };

  const reading: Reading = {
    cancel,
    read() {
      onRead?.(parser.lastEventId);
      return reader && parser.lastEventId !== END_ID ? reader.read() : { done: true };
    },
    feed({ done, value }) {
      if (done) cancel();
      try {
        if (reader) {
          // A chunk that ends in ASCII leaves nothing over for the next, and to decode it for good takes Node less time.
          parser.feed(
            typeof value === "string"
              ? value
              : decoder.decode(value, { stream: !(value![value!.length - 1]! < 128) }),
          );
        }
      } catch (error) {
        // What the parser threw comes after the events before it.
        reading.read = () => {
          throw error;
        };
      }
      return !!reader;
    },
  };
  return reading;
}

/** Reads a web stream, or what other fetches have for a body: Node's streams, and all that can be iterated. */
function createReader(body: AnyBody, response: Response | undefined): BodyReader {
  if (response?.bodyUsed || !(body?.getReader || body?.[Symbol.asyncIterator])) {
    throw new TidingsError("bad-body", "No stream, or read already: parseSSE(await fetch(url))", {
      response,
    });
  }
  if (body.getReader) return body.getReader();
  const chunks = body[Symbol.asyncIterator]!();
  return {
    read: () => chunks.next(),
    // The iterator of a Node stream would wait for one more chunk before it lets go.
    cancel: async () => await (body.destroy ? body.destroy() : chunks.return?.()),
  };
}
