/**
 * Receives as the floor: one `fetch`, a decoder and eventsource-parser. It does not come back, has no watchdog, and waits for
 * nobody but the loop that is over it.
 */
import { createParser } from "eventsource-parser";

export function open(url, fetch, onEvent) {
  let reader;
  let isClosed = false;
  const events = [];
  const parser = createParser({ onEvent: onEvent ?? ((event) => events.push(event)) });

  async function* read() {
    const response = await fetch(url, { headers: { accept: "text/event-stream" } });
    reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || isClosed) return;
      parser.feed(decoder.decode(value, { stream: true }));
      while (events.length > 0) yield events.shift();
    }
  }

  // A handler is called while its chunk is parsed: there is nothing to yield.
  const reading = read();
  if (onEvent) void reading.next();
  return {
    close() {
      isClosed = true;
      void reader.cancel();
    },
    [Symbol.asyncIterator]: () => reading,
  };
}
