/**
 * Writes, checks and compares the ids of a log in SQLite: `<number>-<tag>`.
 *
 * The number is the row's. A backup that is put back gives the same numbers once more: the tag, a hash of the message id,
 * tells that they are other messages.
 *
 * @module
 */

import { tagOf } from "../cluster/tag.ts";

const ID = /^([1-9][0-9]{0,15})-([0-9a-z]{1,7})$/;
const LONGEST = 16 + 1 + 7;

/** An id, taken apart. */
export interface Place {
  readonly number: number;
  readonly tag: string;
}

/** Takes an id apart; `undefined` if it is none. */
export function parseId(text: string): Place | undefined {
  if (text.length > LONGEST) return undefined;
  const [, digits, tag] = ID.exec(text) ?? [];
  const number = Number(digits);
  return tag === undefined || !Number.isSafeInteger(number) ? undefined : { number, tag };
}

/** The id of a row. */
export function formatId(number: number, message: string): string {
  return `${number}-${tagOf(message)}`;
}

/** The order of two ids. Those that share a number but not a tag are two messages, in an order that does not matter. */
export function compareIds(a: string, b: string): number {
  // As texts, since this is done often: a number without leading zeros is larger if it is longer.
  return a.indexOf("-") - b.indexOf("-") || (a < b ? -1 : a > b ? 1 : 0);
}
