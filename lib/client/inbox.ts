// The one queue between whatever brings the events and the application, which iterates over them, listens to them, or
// both. Data is validated on the way out, so a slow schema holds up its own application and nothing else.
import { type AnyItem, decode, type WireItem } from "./decode.ts";
import type { EventStream, StateDetail, StreamState } from "./stream.ts";
import type { Schemas } from "./items.ts";

/** What {@linkcode createInbox} needs to know. */
export interface InboxOptions {
  schemas?: Schemas | undefined;
  lastEventId: string;
  /** How many items may wait before {@linkcode Inbox.room} makes the producer wait. */
  maxQueued: number;
  /** Called once, when the stream has closed for whatever reason: let go of everything. */
  onClose: () => void;
}

/** The producer's side of the queue. */
export interface Inbox {
  /** The application's side, whose items are typed by what connects. */
  readonly stream: EventStream<never, never>;
  /** Whether the stream has closed; nothing pushed from then on arrives. */
  readonly closed: boolean;
  push(item: WireItem): void;
  /** Notes a last event ID that came without an event: it counts once all before it has been handed out. */
  mark(lastEventId: string): void;
  /** Resolves when the queue has room again, or the stream has closed. */
  room(): Promise<void> | undefined;
  setState(state: StreamState, detail?: StateDetail): void;
  /** Closes the stream, with an error or without. What is queued is still handed out, then the error. */
  end(error?: unknown): void;
}

type Handler = (item: AnyItem) => unknown;

/** Creates the queue and the stream on it. */
export function createInbox({ schemas, lastEventId, maxQueued, onClose }: InboxOptions): Inbox {
  // Each item with the last event ID that holds once it has been handed out.
  let queue: [item: WireItem, lastEventId: string][] = [];
  let state: StreamState = "connecting";
  let failure: [error: unknown] | undefined;
  let iterating = false;
  let pumping = false;
  let onArrival = (): void => {};
  let onRoom = (): void => {};
  const handlers = new Set<[name: string | undefined, handler: Handler]>();
  // Calls of next() that overlap are answered one after the other.
  let turn: Promise<unknown> = Promise.resolve();
  let settle!: () => void;
  const closed = new Promise<void>((resolve, reject) => {
    settle = () => failure ? reject(failure[0]) : resolve();
  });
  closed.catch(() => {});

  function setState(next: StreamState, detail: StateDetail = {}): void {
    state = next;
    try {
      stream.onstate?.(next, detail);
    } catch (error) {
      if (state === "closed") failure ??= [error];
      else end(error);
    }
  }

  function end(error?: unknown): void {
    if (state === "closed") return;
    if (error !== undefined) failure = [error];
    onClose();
    setState("closed", { error });
    onArrival();
    onRoom();
    if (!queue.length) settle();
  }

  function close(): void {
    queue = [];
    end();
    failure = undefined;
    settle();
  }

  const arrival = async (): Promise<void> => {
    if (!queue.length && state !== "closed") await new Promise<void>((resolve) => onArrival = resolve);
  };

  async function take(): Promise<IteratorResult<AnyItem, undefined>> {
    await arrival();
    const entry = queue[0];
    if (entry) {
      try {
        const item = await decode(entry[0], schemas);
        for (const [name, handler] of [...handlers]) {
          if (name === undefined || name === (entry[0] as { event?: string }).event) await handler(item);
        }
        // Only now has it been handed out; if the stream was closed meanwhile, it has not.
        if (queue[0] === entry) {
          queue.shift();
          lastEventId = entry[1];
          if (queue.length < maxQueued) onRoom();
          return { done: false, value: item };
        }
      } catch (error) {
        queue = [];
        end(error);
        failure = [error];
      }
    }
    settle();
    const error = failure;
    failure = undefined;
    if (error) throw error[0];
    return { done: true, value: undefined };
  }

  const next = (): Promise<IteratorResult<AnyItem, undefined>> => {
    const result = turn.then(take);
    turn = result.catch(() => {});
    return result;
  };

  /** Hands items to the handlers for as long as nobody iterates. */
  async function pump(): Promise<void> {
    pumping = true;
    for (let done: boolean | undefined; !done;) {
      await arrival();
      if (iterating) break;
      done = (await next()).done;
    }
    pumping = false;
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
    on(...args: [handler: Handler] | [name: string, handler: Handler]) {
      const handler = args.pop() as Handler;
      const entry: [string | undefined, Handler] = [args[0] as string | undefined, handler];
      handlers.add(entry);
      if (!pumping) pump().catch(() => {});
      return () => void handlers.delete(entry);
    },
    close,
    [Symbol.asyncIterator]() {
      if (iterating) {
        throw new TypeError("Stream is being iterated already: connect again, or add handlers with on()");
      }
      iterating = true;
      onArrival();
      return {
        next,
        return() {
          close();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };

  return {
    stream: stream as unknown as EventStream<never, never>,
    get closed() {
      return state === "closed";
    },
    push(item) {
      if (state === "closed") return;
      queue.push([item, item.kind === "event" ? item.lastEventId : queue.at(-1)?.[1] ?? lastEventId]);
      onArrival();
    },
    mark(id) {
      const last = queue.at(-1);
      if (last) last[1] = id;
      else lastEventId = id;
    },
    room: () => queue.length < maxQueued ? undefined : new Promise((resolve) => onRoom = resolve),
    setState,
    end,
  };
}
