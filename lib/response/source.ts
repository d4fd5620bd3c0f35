/**
 * Turns every kind of source that gives one event after the other into an iterator.
 *
 * @module
 */

import type { EventInput } from "../wire/event.ts";

/** An iterator whose `return` says that nobody wants the rest. */
export type EventIterator = Iterator<EventInput> | AsyncIterator<EventInput>;

/** Events to be read one after the other, at the client's pace. */
export type EventIterable = AsyncIterable<EventInput> | Iterable<EventInput> | ReadableStream<EventInput>;

/** Whether the value can be read one event after the other. A string is not a list of events. */
export function isIterable(value: unknown): value is EventIterable {
  return typeof value === "object" && value !== null &&
    (value instanceof ReadableStream || Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** Begins to read. Not every runtime's streams are iterable, so a stream is read by its reader. */
export function iterate(source: EventIterable): EventIterator {
  if (source instanceof ReadableStream) return iterateStream(source);
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
}

function iterateStream(stream: ReadableStream<EventInput>): AsyncIterator<EventInput> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<EventInput>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}
