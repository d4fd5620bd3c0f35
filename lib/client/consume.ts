// The application's side of a stream: iteration, handlers, state and the end. It pulls: nothing is read before what was
// read has been handed out, so a slow application holds up the server and not the memory.
import { type AnyItem, decode } from "./decode.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { WireItem } from "./items.ts";
import type { ServerEvent } from "./parse.ts";
import type { Source } from "./source.ts";
import type { EventStream, StateDetail, StreamState } from "./stream.ts";

type Handler = (item: AnyItem) => unknown;

/** Creates a stream over a source. */
export function createStream(
  source: Source,
  { lastEventId = "", schemas, signal }: ConnectOptions,
): EventStream<never, never> {
  let state: StreamState = "connecting";
  let iterating = false;
  let pumping = true;
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  let begin!: () => void;
  const handlers = new Set<[handler: Handler, name: string | undefined]>();
  const control = new AbortController();
  const closed = new Promise<void>((...functions) => [resolve, reject] = functions);
  closed.catch(() => {});
  // Until somebody wants the items the first is kept back.
  const wanted = new Promise<void>((resolve) => begin = resolve);

  function setState(next: StreamState, detail: StateDetail): void {
    if (isClosed()) return;
    state = next;
    try {
      stream.onstate?.(next, detail);
    } catch (error) {
      setState("closed", detail = { error });
    }
    if (!isClosed()) return;
    control.abort();
    if (detail.error === undefined) resolve();
    else reject(detail.error);
  }
  const isClosed = (): boolean => state === "closed";
  const close = (): void => setState("closed", {});

  async function* deliver(): AsyncGenerator<AnyItem, void> {
    try {
      for await (const value of source(lastEventId, control.signal, setState, (id) => lastEventId = id)) {
        const { event } = value as ServerEvent;
        await wanted;
        const item = await decode(value, schemas);
        for (const [handler, name = event] of [...handlers]) {
          if (!isClosed() && name === event) await handler(item);
        }
        // Only now has it been handed out; if the stream was closed meanwhile, it has not.
        if (isClosed()) return;
        lastEventId = idOf(value, lastEventId);
        yield item;
        // An iteration that began while the handlers waited for this item has to see it too.
        if (iterating && pumping) yield item;
        pumping = !iterating;
      }
      close();
    } catch (error) {
      setState("closed", { error });
    }
  }
  const delivery = deliver();

  /** Hands items to the handlers for as long as nobody iterates. */
  async function pump(): Promise<void> {
    while (!iterating && !(await delivery.next()).done);
  }

  /** It answers calls of next() that overlap one after the other. */
  async function* iterate(): AsyncGenerator<AnyItem, void> {
    begin();
    try {
      yield* delivery;
      await closed;
    } finally {
      close();
    }
  }

  const stream = {
    onstate: undefined as EventStream["onstate"],
    closed,
    get state(): StreamState {
      return state;
    },
    get lastEventId(): string {
      return lastEventId;
    },
    on(...args: [handler: Handler] | [name: string, handler: Handler]): () => void {
      const entry = args.reverse() as [Handler, string | undefined];
      handlers.add(entry);
      begin();
      return () => void handlers.delete(entry);
    },
    close,
    [Symbol.asyncIterator](): AsyncIterator<AnyItem, void> {
      if (iterating) throw new TypeError("Stream is iterated already: connect again");
      iterating = true;
      return iterate();
    },
  };
  pump();
  if (signal?.aborted) close();
  else signal?.addEventListener("abort", close, control);
  return stream as unknown as EventStream<never, never>;
}

/** The last event ID as of an item, which for a comment is that before it. */
export function idOf(item: WireItem, before: string): string {
  return (item as ServerEvent).lastEventId ?? before;
}
