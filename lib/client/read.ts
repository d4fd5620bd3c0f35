// One event stream as an async iterable, without reconnecting.
//
// It loops over a reader, and its iterator is written by hand: chained TransformStreams take three to ten times as
// long, and an async generator spends more on a `yield` than the parser does on the event.
import { createParser, type ServerComment, type ServerEvent } from "./parse.ts";
import { requireEventStream } from "./response.ts";

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
}

/** What {@linkcode parseSSE} reads from: a response, or a stream of its bytes or text. */
export type EventSourceBody = Response | ReadableStream<Uint8Array> | ReadableStream<string>;

/**
 * Reads the events of one response, from its first byte to its end, and never reconnects: what an LLM's answer needs.
 * Leaving the loop cancels the stream. (Firefox closes the connection only once the `fetch` is aborted: give it a
 * `signal`, and abort that too.) A `Response` must be status 200 and `text/event-stream`; to read one that lies
 * about that, pass its `body`. The iterator's `next()` is for one caller at a time, as `for await` does it.
 *
 * @throws {TypeError} when the stream is already locked or used, or an option is wrong.
 * @throws {TidingsError} `"bad-status"`, `"no-content"` or `"bad-content-type"` at once, for such a response. While
 * iterating: `"event-too-large"`, in its place among the events. A connection that breaks throws what the runtime throws.
 *
 * @example
 * ```ts
 * import { parseSSE } from "@tidings/tidings/client";
 *
 * const headers = { "content-type": "text/event-stream" };
 * const response = new Response("data: Hel\n\ndata: lo\n\n", { headers });
 * for await (const event of parseSSE(response)) console.log(event.data); // "Hel", then "lo"
 * ```
 */
export function parseSSE(
  source: EventSourceBody,
  options: ParseOptions & { comments: true },
): AsyncIterableIterator<ServerEvent | ServerComment>;
/** Reads the events of one response, without its comments. */
export function parseSSE(
  source: EventSourceBody,
  options?: ParseOptions & { comments?: false | undefined },
): AsyncIterableIterator<ServerEvent>;
export function parseSSE(
  source: EventSourceBody,
  options: ParseOptions = {},
): AsyncIterableIterator<ServerEvent | ServerComment> {
  const batches = readBatches(source, options);
  let batch: (ServerEvent | ServerComment)[] = [];
  let at = 0;
  return {
    async next() {
      while (at >= batch.length) {
        // What was handed out is let go of: an event may be large, and the next one far away.
        at = 0;
        batch = [];
        const result = await batches.next();
        if (result.done) return result;
        batch = result.value;
      }
      return { done: false, value: batch[at++]! };
    },
    return() {
      batch = [];
      return batches.return(undefined) as Promise<IteratorReturnResult<undefined>>;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/**
 * What each read completes, in one piece, possibly nothing.
 *
 * @param onRead is called before each read, when all that was read before has been taken, with the last event ID and
 * what ends the reading at once.
 */
export function readBatches(
  source: EventSourceBody,
  options: ParseOptions,
  onRead?: (lastEventId: string, cancel: () => void) => void,
): AsyncGenerator<(ServerEvent | ServerComment)[], void> {
  const response = "headers" in source ? source : undefined;
  if (response) requireEventStream(response);
  let batch: (ServerEvent | ServerComment)[];
  const onEvent = (item: ServerEvent | ServerComment): void => void batch.push(item);
  const parser = createParser({
    ...options,
    response,
    onEvent,
    onComment: options.comments ? onEvent : undefined,
  });
  // The parser drops the byte order mark: a decoder that did it too would drop a second one.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  // A response without a body has no events.
  const reader = (response ? response.body : source as ReadableStream<Uint8Array | string>)?.getReader();
  const cancel = (): void => {
    // A stream that has failed rejects this, and has said so already.
    reader?.cancel().catch(() => {});
    reader?.releaseLock();
  };
  return (async function* () {
    try {
      while (reader) {
        // What the parser threw comes after the events before it: it throws it again.
        parser.feed("");
        onRead?.(parser.lastEventId, cancel);
        batch = [];
        const { done, value } = await reader.read();
        if (done) return;
        try {
          parser.feed(typeof value === "string" ? value : decoder.decode(value, { stream: true }));
        } catch {
          // As above.
        }
        yield batch;
      }
    } finally {
      cancel();
    }
  })();
}
