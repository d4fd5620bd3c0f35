/**
 * Checks and compares the ids of a Redis Stream: `<milliseconds>-<number>`, each below 2 to the 64th.
 *
 * @module
 */

const PATTERN = /^(0|[1-9][0-9]{0,19})-(0|[1-9][0-9]{0,19})$/;
const LARGEST = "18446744073709551615";

/** Whether a text from the network could be an id: nothing else gets near a command. */
export function isStreamId(text: string): boolean {
  if (text.length > 41 || text === "0-0") return false;
  const match = PATTERN.exec(text);
  return match !== null && order(match[1]!, LARGEST) <= 0 && order(match[2]!, LARGEST) <= 0;
}

/** The order of two ids. */
export function compareIds(a: string, b: string): number {
  const [aTime, aNumber] = a.split("-") as [string, string];
  const [bTime, bNumber] = b.split("-") as [string, string];
  return order(aTime, bTime) || order(aNumber, bNumber);
}

/** The order of two numbers without leading zeros, which may be too large for a `number`. */
function order(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
