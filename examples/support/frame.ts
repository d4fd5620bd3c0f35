/** Puts a page into the frame that all pages share: what a page says of itself fills the slots of `frame.html`. */

import { readFile } from "node:fs/promises";

/** What the comment that a page begins with must fill, one slot a line. Only `styles` may be empty. */
const SLOTS = ["title", "styles", "script"];

const read = async (name: string) =>
  (await readFile(new URL(name, import.meta.url), "utf8")).replaceAll("\r\n", "\n").trimEnd();
const frame = await read("frame.html");
const masthead = await read("masthead.html");

/**
 * The page as a browser gets it.
 *
 * @param file Its path, for errors.
 * @param page Its text: a comment with a line `<slot>: <value>` for each slot, and then the body. Where the body has the
 * line `{masthead}`, the masthead of `masthead.html` is put in.
 * @throws {TypeError} That names the file and the slot, if one is missing, unknown, or filled twice.
 */
export function framed(file: string, page: string): string {
  const [, comment, body] = /^<!--.*\n([^]*?)\n-->\n([^]*)$/.exec(page.replaceAll("\r\n", "\n")) ?? [];
  if (comment === undefined || body === undefined) {
    throw new TypeError(`${file} must begin with a comment that fills the slots ${SLOTS.join(", ")}`);
  }
  const filled = new Map<string, string>();
  for (const line of comment.split("\n")) {
    const [, slot, value] = /^\s*(\w+):(.*)$/.exec(line) ?? [];
    if (slot === undefined || value === undefined) {
      throw new TypeError(
        `${file} has the line "${line.trim()}" where it fills slots: write "<slot>: <value>"`,
      );
    }
    if (!SLOTS.includes(slot)) {
      throw new TypeError(
        `${file} fills a slot ${slot}, which is unknown: the slots are ${SLOTS.join(", ")}`,
      );
    }
    if (filled.has(slot)) {
      throw new TypeError(`${file} fills the slot ${slot} twice: remove one of the lines`);
    }
    filled.set(slot, value.trim());
  }
  const missing = SLOTS.find((slot) => !filled.get(slot) && !(slot === "styles" && filled.has(slot)));
  if (missing !== undefined) {
    throw new TypeError(
      `${file} must fill the slot ${missing}: add a line "${missing}: <value>" to its comment`,
    );
  }
  const [title, styles, script] = SLOTS.map((slot) => filled.get(slot)!);
  const links = styles!.match(/\S+/g)?.map((path) => `<link rel="stylesheet" href="${path}">`) ?? [];
  const content = fill(file, body.trimEnd(), { masthead });
  return `${fill("frame.html", frame, { title, styles: links.join("\n"), script, content })}\n`;
}

/** Puts the values into the `{slots}` of a text. Each line of a value is indented as its slot is. */
function fill(file: string, text: string, values: Record<string, string | undefined>): string {
  return text.replace(/( *)\{(\w+)\}/g, (_, indent: string, slot: string) => {
    const value = values[slot];
    if (value === undefined) {
      const known = Object.keys(values).join(", ");
      throw new TypeError(`${file} has a slot {${slot}}, which nothing fills: it can have ${known}`);
    }
    return value.split("\n").map((line) => line && indent + line).join("\n");
  });
}
