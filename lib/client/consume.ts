/**
 * The application's side of a stream: iteration, handlers, state and the end. Each item waits until all are done with the
 * one before, and while one waits nothing is read, so a slow application holds up the server and not the memory.
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
type Entry = { readonly name?: string; readonly handler: Handler };
type Result = IteratorResult<AnyItem, undefined>;
type Asking = ((result: Result | Promise<Result>) => void)[];

const DONE: Result = { done: true, value: undefined };

/** Creates a stream over a source. */
export function createStream(
  source: Source,
  options: ConnectOptions,
): EventStream<never, never> {
  // What a page has kept may be null.
  let lastEventId = `${options.lastEventId ?? ""}`;
  let state: StreamState = "connecting";
  let settle!: (end: Promise<never> | StateDetail["reason"]) => void;
  // Looks again whether the item that waits can be handed out.
  let proceed: (() => void) | undefined;
  // None until somebody wants the items. Replaced and never changed: an item goes to those who were there when it came.
  let handlers: readonly Entry[] | undefined;
  // For each loop the calls of next() that wait for an item: none while its body runs.
  let loops: readonly Asking[] | undefined;
  const control = new AbortController();
  const closed = new Promise<StateDetail["reason"]>((resolve) => settle = resolve);

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

  const hand = (wired: WireItem): Promise<void> | void => {
    if (state === "closed") return;
    const { kind, event } = wired as ServerEvent;
    if (!kind) return give(wired as AnyItem, []);
    if (!handlers || loops?.some((asking) => !asking[0])) {
      return new Promise<void>((resolve) =>
        proceed = () => {
          proceed = undefined;
          resolve(hand(wired));
        }
      );
    }
    if (!options.schemas && event !== "gap") return give(wired as AnyItem, handlers);
    return decode(wired as ServerEvent, options.schemas).then((item) => {
      if (item.kind === "gap" && !handlers!.some(({ name = event }) => name === event)) {
        report("no handler took this gap", wired);
      }
      return give(item, handlers!);
    });
  };

  /** Gives an item to these handlers, from one on. A promise costs more than an event: there is one only if a handler is awaited. */
  const give = (item: AnyItem, to: readonly Entry[], at = 0): Promise<void> | void => {
    const { event } = item as ServerEvent;
    try {
      while (state !== "closed" && to[at]) {
        const { handler, name = event } = to[at++]!;
        const busy = (name === event ? handler(item) : undefined) as PromiseLike<unknown> | undefined;
        if (busy?.then) {
          return Promise.resolve(busy).then(() => give(item, to, at), fail);
        }
      }
    } catch (error) {
      fail(error);
    }
    // Only now has it been handed out; if the stream was closed meanwhile, it has not.
    if (state !== "closed") ({ lastEventId } = item);
  };

  /**
   * A loop is a handler, and the next item waits while its body runs: until it asks for one. Its iterator is written by hand,
   * since a generator spends more on a `yield` than all else takes.
   */
  const iterate = (): AsyncIterableIterator<AnyItem, undefined> => {
    const asking: Asking = [];
    const over = (): Result => DONE;
    // Only the first to ask is told of an error.
    let end = (): Result | Promise<Result> => {
      end = over;
      return closed.then(over);
    };
    return {
      next() {
        return new Promise<Result>((resolve) => {
          if (state === "closed") return resolve(end());
          asking.push(resolve);
          proceed?.();
          if (loops?.includes(asking)) return;
          loops = [...loops ?? [], asking];
          control.signal.addEventListener("abort", () => asking.splice(0).forEach((ask) => ask(end())));
          stream.on((item) => {
            ({ lastEventId } = item);
            asking.shift()!({ done: false, value: item });
          });
        });
      },
      return() {
        close();
        end = over;
        return Promise.resolve(DONE);
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };

  const stream = {
    closed,
    get state(): StreamState {
      return state;
    },
    get lastEventId(): string {
      return lastEventId;
    },
    on(first: string | Handler, second?: Handler): () => void {
      const entry = { name: second && first, handler: second ?? first } as Entry;
      handlers = [...handlers ?? [], entry];
      // Not before the caller has what this returns.
      Promise.resolve().then(() => proceed?.());
      return () => void (handlers = handlers!.filter((each) => each !== entry));
    },
    close,
    [Symbol.asyncIterator]: iterate,
  };
  closed.catch(() => {});
  source(lastEventId, control.signal, setState, hand).then(() => setState("closed", { reason: "end" }), fail);
  options.signal?.addEventListener("abort", close, control);
  if (options.signal?.aborted) close();
  return stream as unknown as EventStream<never, never>;
}
