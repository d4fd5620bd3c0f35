/** What a client keeps of a body that a library has read for it: how much there was, and its events by the byte that ends each. */
import { Buffer } from "node:buffer";

const MARK = "~".charCodeAt(0);

/** How many events end in this piece of a body. */
export function eventsIn(chunk) {
  let events = 0;
  for (let at = chunk.indexOf(MARK); at !== -1; at = chunk.indexOf(MARK, at + 1)) events++;
  return events;
}

export class BodyClient {
  events = 0;
  /** Bytes of the body as they travelled, without the marks of chunked coding. */
  bytes = 0;
  chunked = false;
  /** What was received, for those clients that are checked to the letter. */
  kept;
  #counted;

  constructor({ keep, counted }) {
    this.#counted = counted;
    if (keep) this.kept = [];
  }

  /** Takes a piece of the body, as it is once it is unpacked. */
  read(chunk) {
    this.kept?.push(Buffer.from(chunk));
    const before = this.events;
    this.events += eventsIn(chunk);
    if (this.events > before) this.#counted(this, before);
  }
}
