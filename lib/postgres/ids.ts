/**
 * Writes, checks and compares the ids of a log in Postgres: `<number>-<milliseconds>`.
 *
 * The number says the order; the time, which is that of the entry, tells entries apart that were given one number after all,
 * as after a backup was restored on a machine whose clock is behind.
 *
 * @module
 */

const PATTERN = /^([1-9][0-9]{0,18})-([1-9][0-9]{0,14})$/;
/** The largest number that a sequence gives. */
const LARGEST = "9223372036854775807";

/** Whether a text from the network could be an id: nothing else gets near a statement. */
export function isLogId(text: string): boolean {
  if (text.length > 35) return false;
  const match = PATTERN.exec(text);
  return match !== null && order(match[1]!, LARGEST) <= 0;
}

/** An id's number and time. */
export function partsOf(id: string): readonly [number: string, time: string] {
  const dash = id.indexOf("-");
  return [id.slice(0, dash), id.slice(dash + 1)];
}

/** The order of two ids. */
export function compareIds(a: string, b: string): number {
  const dash = a.indexOf("-");
  // Nearly always both parts are as long as the other's, and then this is the order of the texts.
  if (dash === b.indexOf("-") && a.length === b.length) return a < b ? -1 : a > b ? 1 : 0;
  const [aNumber, aTime] = partsOf(a);
  const [bNumber, bTime] = partsOf(b);
  return order(aNumber, bNumber) || order(aTime, bTime);
}

/** The order of two numbers without leading zeros, which may be too large for a `number`. */
export function order(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
