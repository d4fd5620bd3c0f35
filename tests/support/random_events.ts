/**
 * Makes random events, with what a reader must see of them.
 *
 * @module
 */

import type { ServerSentEvent } from "../../mod.ts";

const PIECES = [
  "a",
  "data",
  "id: 1",
  ":",
  " ",
  "  ",
  "\n",
  "\r",
  "\r\n",
  "\n\n",
  "\ufeff",
  "\0",
  "\ud83d",
  "\ude00",
  "😀",
  "é",
  "漢",
  "\u2028",
  "\u2029",
  "\u0085",
  "\t",
  "0",
  "",
  "retry: 5",
  "event: x",
  "\x7f",
  "\v",
  "\f",
];

/** An event of any kind, often one that must be refused. */
export function randomEvent(pick: (below: number) => number): ServerSentEvent {
  const text = () => Array.from({ length: pick(6) }, () => PIECES[pick(PIECES.length)]).join("");
  const event: ServerSentEvent = {};
  const kind = pick(10);
  if (kind < 6) event.data = text();
  else if (kind === 6) event.data = [text(), 0, { [text()]: text() }];
  else if (kind === 7) event.data = [0, "", null, false, -0, 1e21][pick(6)];
  if (pick(3) === 0) event.event = text();
  if (pick(3) === 0) event.id = pick(2) ? text() : pick(100);
  if (pick(8) === 0) event.retry = [0, 1, 3000, -1, 0.5][pick(5)]!;
  if (pick(8) === 0) event.comment = text();
  return event;
}

const lone = (value: unknown) => typeof value === "string" && /\p{Surrogate}/u.test(value);
/** What a header cannot carry, character by character. */
const unfit = (id: string) =>
  id !== id.replace(/^[ \t]+|[ \t]+$/g, "") ||
  [...id].some((char) => char !== "\t" && (char < " " || char === "\x7f"));
const broken = (value: unknown) => typeof value === "string" && /[\r\n]/.test(value);

/** The same rules, written the other way round: which events must be refused. */
export function refusable({ data, event, id, retry, comment }: ServerSentEvent): boolean {
  return [data, event, id, comment].some(lone) || broken(event) || broken(id) ||
    (typeof id === "string" && unfit(id)) ||
    (retry !== undefined && !(Number.isInteger(retry) && retry >= 0)) ||
    [data, event, id, retry, comment].every((field) => field === undefined);
}

/** What a reader is given of these events. */
export function seenByReader(events: ServerSentEvent[]): unknown[] {
  return events.filter(({ data, event }) => data !== undefined || event !== undefined).map((
    { data, event, id },
  ) => ({
    data: typeof data === "string"
      ? data.replace(/\r\n|\r/g, "\n")
      : data === undefined
      ? ""
      : JSON.stringify(data),
    event: event || undefined,
    id: id === undefined ? undefined : String(id),
  }));
}
