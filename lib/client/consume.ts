// The application's side of a stream: iteration, handlers, state and the end. It pulls: nothing is read before what was
// read has been handed out, so a slow application holds up the server and not the memory.
import { type AnyItem, decode } from "./decode.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { WireItem } from "./read.ts";
import type { EventStream, StateDetail, StreamState } from "./stream.ts";

/** What a source of items is given. */
export interface Consumer {
  /** As of the last item handed out. A source sets it for an id that comes without an item. */
  lastEventId: string;
  /** Aborted when the stream closes: the source lets go of all it has, and what it waits for ends. */
  readonly signal: AbortSignal;
  /** Tells the application, not before the turn after the start. It may close the stream upon it. */
  setState(state: StreamState, detail: StateDetail): void;
}

type Handler = (item: AnyItem) => unknown;
type Result = IteratorResult<AnyItem, void>;

/**
 * Creates a stream over a source.
 *
 * @param start makes the source. It is asked for its first item at once, and for each later one when the application is.
 */
export function createStream(
  start: (consumer: Consumer) => AsyncGenerator<WireItem, void>,
  { lastEventId = "", schemas, signal }: ConnectOptions,
): EventStream<never, never> {
  let state: StreamState = "connecting";
  let iterating = false;
  // The item that the handlers wait for, which an iteration that begins meanwhile has to see too.
  let pumped: Promise<Result> | undefined;
  const handlers = new Set<[handler: Handler, name: string | undefined]>();
  const control = new AbortController();
  let settle!: (end: Promise<void> | undefined) => void;
  const closed = new Promise<void>((resolve) => settle = resolve);
  closed.catch(() => {});

  const consumer: Consumer = {
    lastEventId,
    signal: control.signal,
    setState(next, detail) {
      if (state === "closed") return;
      state = next;
      try {
        stream.onstate?.(next, detail);
      } catch (error) {
        end(error);
      }
    },
  };
  const items = start(consumer);
  const first = items.next();
  first.catch(end);

  function end(error?: unknown): void {
    if (state === "closed") return;
    state = "closed";
    signal?.removeEventListener("abort", close);
    control.abort();
    try {
      stream.onstate?.(state, { error });
    } catch (thrown) {
      error ??= thrown;
    }
    settle(error === undefined ? error : Promise.reject(error));
  }
  const close = (): void => end();

  async function* deliver(): AsyncGenerator<AnyItem, void> {
    try {
      for (let result = await first; !result.done && state !== "closed"; result = await items.next()) {
        const { value } = result;
        const item = await decode(value, schemas);
        for (const [handler, name] of [...handlers]) {
          if (name === undefined || name === nameOf(value)) await handler(item);
        }
        // Only now has it been handed out; if the stream was closed meanwhile, it has not.
        if (control.signal.aborted) return;
        if (value.kind !== "comment") consumer.lastEventId = value.lastEventId;
        yield item;
      }
      end();
    } catch (error) {
      end(error);
      throw error;
    }
  }
  // It answers calls of next() that overlap one after the other.
  const delivery = deliver();

  /** Hands items to the handlers for as long as nobody iterates. */
  async function pump(): Promise<void> {
    while (!iterating && !(await (pumped = delivery.next())).done);
  }

  const stream = {
    onstate: undefined as EventStream["onstate"],
    closed,
    get state(): StreamState {
      return state;
    },
    get lastEventId(): string {
      return consumer.lastEventId;
    },
    on(...args: [handler: Handler] | [name: string, handler: Handler]): () => void {
      const entry = args.reverse() as [Handler, string | undefined];
      handlers.add(entry);
      if (!pumped && !iterating) pump().catch(() => {});
      return () => void handlers.delete(entry);
    },
    close,
    [Symbol.asyncIterator](): AsyncIterator<AnyItem, void> {
      if (iterating) throw new TypeError("Stream is iterated already: connect again, or use on()");
      iterating = true;
      return {
        next() {
          const result = pumped ?? delivery.next();
          pumped = undefined;
          return result;
        },
        return() {
          end();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
  if (signal?.aborted) end();
  else signal?.addEventListener("abort", close);
  return stream as unknown as EventStream<never, never>;
}

/** The name its handlers are added by. */
function nameOf(item: WireItem): string | undefined {
  return item.kind === "event" ? item.event : item.kind === "gap" ? "gap" : undefined;
}
