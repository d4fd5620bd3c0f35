// Follows a stream that tells a whole state first, with one connection for all tabs that look at the same.
import { connectShared, parseSSE } from "./client.js";

/**
 * Connects like `connectShared`. The server tells the state of now to whoever connects; a tab that joins another one's
 * connection is not told, so it asks once, by a short connection of its own.
 *
 * @param {string} url
 * @param {Record<string, (data: any) => void>} handlers called with the parsed data of the events of these names
 * @param {Omit<import("./client.ts").ConnectOptions, "url"> & {
 *   first: readonly string[],
 *   onstate(state: import("./client.ts").StreamState, detail: import("./client.ts").StateDetail): void,
 * }} options `first` are the names of the events that tell the state
 */
export function followState(url, handlers, { first, onstate, ...options }) {
  const stream = connectShared(url, options);
  /** Names of the events that have come. @type {Set<string>} */
  const told = new Set();
  let asked = false;

  /** @param {{ event: string, data: string }} event */
  const tell = ({ event, data }) => {
    told.add(event);
    handlers[event]?.(JSON.parse(data));
  };
  for (const name of Object.keys(handlers)) stream.on(name, (item) => tell(/** @type {any} */ (item)));

  async function ask() {
    asked = true;
    for await (const item of parseSSE(await fetch(url))) {
      // What came meanwhile is newer.
      if (item.kind === "event" && first.includes(item.event) && !told.has(item.event)) tell(item);
      if (first.every((name) => told.has(name)) || stream.state === "closed") break;
    }
  }

  stream.onstate = (state, detail) => {
    onstate(state, detail);
    // What fails here fails for the shared connection too, which says so.
    if (state === "open" && stream.role === "follower" && !asked) ask().catch(() => {});
  };
  stream.closed.catch(() => {}); // `onstate` is told
  return stream;
}
