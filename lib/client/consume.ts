// The application's side of a stream: iteration, handlers, state and the end. It pulls: nothing is read before what was
// read has been handed out, so a slow application holds up the server and not the memory.
import { type AnyItem, decode } from "./decode.ts";
import type { Schemas } from "./items.ts";
import type { WireItem } from "./read.ts";
import type { EventStream, StateDetail, StreamState } from "./stream.ts";

/** What a source of items is given. */
export interface Consumer {
  /** As of the last item handed out. A source sets it for an id that comes without an item. */
  lastEventId: string;
  /** What makes the source's present await end; called when the stream closes. */
  interrupt: () => void;
  setState(state: StreamState, detail: StateDetail): void;
  /** Whether the stream has closed. */
  isClosed(): boolean;
}

type Handler = (item: AnyItem) => unknown;
type Result = IteratorResult<AnyItem, undefined>;

/**
 * Creates a stream over a source.
 *
 * @param start makes the source. It is asked for its first item at once, and for each later one when the application is.
 */
export function createStream(
  start: (consumer: Consumer) => AsyncGenerator<WireItem, void>,
  lastEventId: string,
  schemas: Schemas | undefined,
  signal: AbortSignal | undefined,
): EventStream<never, never> {
  let state: StreamState = "connecting";
  let iterating = false;
  let thrown: [error: unknown] | undefined;
  // The item that the handlers wait for, which an iteration that begins meanwhile has to see too.
  let pumped: Promise<Result> | undefined;
  const handlers = new Set<[handler: Handler, name: string | undefined]>();
  let settle!: [resolve: () => void, reject: (error: unknown) => void];
  const closed = new Promise<void>((...functions) => settle = functions);
  closed.catch(() => {});

  const consumer: Consumer = {
    lastEventId,
    interrupt: () => {},
    setState(next, detail) {
      if (state === "closed") return;
      state = next;
      try {
        stream.onstate?.(next, detail);
      } catch (error) {
        // On the way to "closed" it takes the place of a missing reason.
        if (next === "closed") thrown = [error];
        else end(error);
      }
    },
    isClosed: () => state === "closed",
  };
  const items = start(consumer);

  function end(error?: unknown): void {
    if (state === "closed") return;
    consumer.setState("closed", { error });
    error ??= thrown?.[0];
    signal?.removeEventListener("abort", close);
    consumer.interrupt();
    items.return().catch(() => {});
    if (error === undefined) settle[0]();
    else settle[1](error);
  }
  const close = (): void => end();

  // Later than now, so that the first change of state finds its listener.
  let ahead: Promise<IteratorResult<WireItem, void>> | undefined = Promise.resolve().then(() => items.next());
  ahead.catch(end);
  // Calls of next() that overlap are answered one after the other.
  let turn: Promise<unknown> = Promise.resolve();

  async function take(): Promise<Result> {
    try {
      const { done, value } = await (ahead ?? items.next());
      ahead = undefined;
      if (!done && state !== "closed") {
        const item = await decode(value, schemas);
        for (const [handler, name] of [...handlers]) {
          if (name === undefined || name === nameOf(value)) await handler(item);
        }
        // Only now has it been handed out; if the stream was closed meanwhile, it has not.
        if (!consumer.isClosed()) {
          if (value.kind !== "comment") consumer.lastEventId = value.lastEventId;
          return { done: false, value: item };
        }
      }
      end();
      return { done: true, value: undefined };
    } catch (error) {
      ahead = undefined;
      end(error);
      throw error;
    }
  }

  function next(): Promise<Result> {
    const result = turn.then(take, take);
    turn = result.catch(() => {});
    return result;
  }

  /** Hands items to the handlers for as long as nobody iterates. */
  async function pump(): Promise<void> {
    while (!iterating && !(await (pumped = next())).done);
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
    [Symbol.asyncIterator](): AsyncIterator<AnyItem, undefined> {
      if (iterating) throw new TypeError("Stream is iterated already: connect again, or use on()");
      iterating = true;
      return {
        next() {
          const result = pumped ?? next();
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
