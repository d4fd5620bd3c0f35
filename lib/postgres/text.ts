/**
 * Writes texts as Postgres takes them: an array in one value, and characters that its texts cannot hold.
 *
 * @module
 */

// A text of Postgres' holds no NUL. It is written as two characters, and so is the one that these begin with.
const MARK = "\u0001";
const STORED: Readonly<Record<string, string>> = { "\0": `${MARK}0`, [MARK]: `${MARK}1` };
// deno-lint-ignore no-control-regex -- these are what it is about
const UNSTORABLE = /[\0\u0001]/g;

/** A text as it is stored. JSON has none of these characters. */
export function toStored(text: string): string {
  return text.replace(UNSTORABLE, (character) => STORED[character]!);
}

/** A stored text as it was. */
export function fromStored(text: string): string {
  if (!text.includes(MARK)) return text;
  // deno-lint-ignore no-control-regex -- as above
  return text.replace(/\u0001([01])/g, (_, kind) => kind === "0" ? "\0" : MARK);
}

/** An array of texts, as one text: each client has a way of its own to pass an array. */
export function arrayOf(texts: readonly (string | null)[]): string {
  return `{${texts.map((text) => text === null ? "NULL" : `"${text.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}
