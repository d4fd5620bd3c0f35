// Receives with eventsource, the EventSource of browsers for other runtimes: it has listeners, and no loop.
import { EventSource } from "eventsource";

export function open(url, fetch, onEvent) {
  const source = new EventSource(url, { fetch });
  source.addEventListener("message", onEvent);
  return source;
}
