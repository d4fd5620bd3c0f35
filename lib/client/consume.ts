/**
 * The application's side of a stream: iteration, handlers, state and the end. Each item that is handed out is awaited, and
 * nothing is read before that, so a slow application holds up the server and not the memory.
 *
 * @module
 */
import { report } from "../base/errors.ts";
import type { ConnectOptions } from "./connect_options.ts";
import { type AnyItem, decode } from "./decode.ts";
import type { WireItem } from "./items.ts";
import type { ServerEvent } from "./parse.ts";
import type { Source } from "./source.ts";
import type { EventStream, StateDetail, StreamState } from "./stream.ts";

type Handler = (item: AnyItem) => unknown;
type Entry = readonly [handler: Handler, name?: string];

/** Creates a stream over a source. */
export function createStream(
  source: Source,
  options: ConnectOptions,
): EventStream<never, never> {
  // What a page has kept may be null.
  let lastEventId = `${options.lastEventId ?? ""}`;
  let state: StreamState = "connecting";
  let settle!: (end: Promise<never> | StateDetail["reason"]) => void;
  let begin!: () => void;
  const handlers = new Set<Entry>();
  const control = new AbortController();
  const closed = new Promise<StateDetail["reason"]>((resolve) => settle = resolve);
  // Until somebody wants the items the first is kept back.
  const wanted = new Promise<void>((resolve) => begin = resolve);

  const fail = (error: unknown): void => setState("closed", { error });
  const close = (): void => setState("closed", { reason: "close" });

  const setState = (next: StreamState, detail: StateDetail): void => {
    if (state === "closed") return;
    state = next;
    try {
      (stream as { onstate?: EventStream["onstate"] }).onstate?.(next, detail);
    } catch (error) {
      fail(error);
      detail = { error };
    }
    if (next !== "closed") return;
    control.abort();
    settle(detail.reason ?? Promise.reject(detail.error));
  };

  const hand = async (wired: WireItem): Promise<void> => {
    try {
      const { kind, event } = wired as ServerEvent;
      let isTaken = event !== "gap";
      if (kind) {
        await wanted;
        const item = options.schemas || !isTaken
          ? await decode(wired as ServerEvent, options.schemas)
          : wired as AnyItem;
        for (const [handler, name = event] of [...handlers]) {
          if (state !== "closed" && name === event) {
            isTaken = true;
            await handler(item);
          }
        }
      }
      if (state === "closed") return;
      if (!isTaken) report("no handler took this gap", wired);
      // Only now has it been handed out; if the stream was closed meanwhile, it has not.
      ({ lastEventId } = wired);
    } catch (error) {
      fail(error);
    }
  };

  /** A loop is a handler that takes as long as the loop's body. The two take turns. */
  async function* iterate(): AsyncGenerator<AnyItem, void> {
    // Ends the wait of the loop for the next item, or that of the handler for the loop.
    let turn!: (item?: AnyItem) => void;
    stream.on((item) =>
      new Promise((resolve) => {
        turn(item);
        turn = resolve;
      })
    );
    control.signal.addEventListener("abort", () => turn());
    try {
      while (state !== "closed") {
        const item = await new Promise<AnyItem | undefined>((resolve) => turn = resolve);
        if (state as StreamState === "closed") continue;
        ({ lastEventId } = item!);
        yield item!;
        turn();
      }
      await closed;
    } finally {
      close();
    }
  }

  const stream = {
    closed,
    get state(): StreamState {
      return state;
    },
    get lastEventId(): string {
      return lastEventId;
    },
    on(first: string | Handler, second?: Handler): () => void {
      const entry: Entry = second ? [second, first as string] : [first as Handler];
      handlers.add(entry);
      begin();
      return () => void handlers.delete(entry);
    },
    close,
    [Symbol.asyncIterator](): AsyncGenerator<AnyItem, void> {
      const loop = iterate();
      const leave = loop.return.bind(loop);
      // A generator's own return() waits for the item that a next() before it waits for.
      loop.return = () => {
        close();
        return leave();
      };
      return loop;
    },
  };
  closed.catch(() => {});
  source(lastEventId, control.signal, setState, hand).then(() => setState("closed", { reason: "end" }), fail);
  options.signal?.addEventListener("abort", close, control);
  if (options.signal?.aborted) close();
  return stream as unknown as EventStream<never, never>;
}
