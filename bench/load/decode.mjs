/** Reads a stream to the letter, for the clients that are checked and not only counted. */
import { Buffer } from "node:buffer";

/** @returns {{ id: string | undefined, seq: number }[]} the events that carry a message, in order */
export function decode(chunks, chunked = true) {
  const bytes = Buffer.concat(chunks);
  const text = (chunked ? withoutChunking(bytes) : bytes).toString("utf8");
  const events = [];
  for (const frame of text.split(/\n\n|\r\n\r\n/)) {
    const data = frame.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) => line.slice(5));
    if (!data.join("").includes('"seq"')) continue;
    const { seq } = JSON.parse(data.join("\n"));
    events.push({ id: /^id: ?(.*)$/m.exec(frame)?.[1], seq });
  }
  return events;
}

/** HTTP/1.1's chunked coding taken off. A chunk that is not complete yet is left out. */
function withoutChunking(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) break;
    const size = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (Number.isNaN(size)) throw new Error("A body that is not in HTTP/1.1's chunked coding");
    const start = lineEnd + 2;
    if (size === 0 || start + size > bytes.length) break;
    parts.push(bytes.subarray(start, start + size));
    at = start + size + 2;
  }
  return Buffer.concat(parts);
}

/** Says what is wrong with a sequence that must run from `first` to `last`, or nothing. */
export function faultIn(events, first, last) {
  for (const [index, { seq }] of events.entries()) {
    if (seq !== first + index) return `message ${seq} where ${first + index} was due`;
  }
  const end = first + events.length - 1;
  return end === last ? undefined : `the last message is ${end}, not ${last}`;
}

/** Says what is wrong with a sequence of which some may be missing, or nothing. */
export function disorderIn(events) {
  const at = events.findIndex(({ seq }, i) => i > 0 && seq <= events[i - 1].seq);
  return at === -1 ? undefined : `message ${events[at].seq} came after ${events[at - 1].seq}`;
}
