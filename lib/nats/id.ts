/**
 * Writes and reads the ids of entries in a JetStream stream: `<created>-<sequence>-<tag>`.
 *
 * - `created` is when the stream was made, in microseconds, base 36. A stream that was deleted and made anew counts from 1
 *   again; this tells the two apart, and orders them.
 * - `sequence` is JetStream's.
 * - `tag` is a hash of the message id. A stream that lost its end, as memory does in a restart and a disk may in a power
 *   failure, hands out the same sequences once more: the tag tells that they are other messages.
 *
 * @module
 */

import { tagOf } from "../cluster/tag.ts";

export { tagOf };

const ID = /^([0-9a-z]{1,10})-(0|[1-9][0-9]{0,15})-([0-9a-z]{1,7})$/;
const LONGEST = 10 + 1 + 16 + 1 + 7;

/** An id, taken apart. */
export interface Place {
  readonly created: string;
  readonly sequence: number;
  readonly tag: string;
}

/** Takes an id apart; `undefined` if it is none. */
export function parseId(text: string): Place | undefined {
  if (text.length > LONGEST) return undefined;
  const [, created, digits, tag] = ID.exec(text) ?? [];
  const sequence = Number(digits);
  if (created === undefined || tag === undefined || !Number.isSafeInteger(sequence)) return undefined;
  return { created, sequence, tag };
}

export function formatId(created: string, sequence: number, tag: string): string {
  return `${created}-${sequence}-${tag}`;
}

/** The order of two ids. Those that share a sequence but not a tag are two messages, in an order that does not matter. */
export function compareIds(a: string, b: string): number {
  if (a === b) return 0;
  const left = parseId(a);
  const right = parseId(b);
  // What is no id is older than all, so that asking for what came after it gives everything.
  if (left === undefined || right === undefined) {
    return Number(left !== undefined) - Number(right !== undefined);
  }
  const created = parseInt(left.created, 36) - parseInt(right.created, 36);
  if (created !== 0) return created;
  return left.sequence - right.sequence || (left.tag < right.tag ? -1 : left.tag > right.tag ? 1 : 0);
}

/** When a stream was made, as an id tells it, from the time that JetStream gives: "2026-11-23T14:35:43.865223703Z". */
export function incarnation(created: string): string {
  const [, second = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(created) ?? [];
  const milliseconds = Date.parse(`${second}Z`);
  // A server that writes times in another way is still told apart by the text.
  if (Number.isNaN(milliseconds)) return tagOf(created);
  return (milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"))).toString(36);
}
