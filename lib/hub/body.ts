/**
 * Reads the body of a request, as far and as long as a stranger may send one.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { concat } from "../base/bytes.ts";
import { Refusal } from "./refusal.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The media type of a form. */
export const FORM = "application/x-www-form-urlencoded";

/**
 * Reads a body as text.
 *
 * @throws {Refusal} With 413 if it is too large, 408 if it takes too long, 400 if it is not UTF-8 or breaks off.
 */
export async function readBody(
  request: Request,
  { bodyBytes, bodyTimeout }: { readonly bodyBytes: number; readonly bodyTimeout: number },
  clock: Clock,
): Promise<string> {
  const tooLarge = () => new Refusal(413, `A body may have ${bodyBytes} bytes`);
  // Refused before a byte of it was read.
  if (Number(request.headers.get("content-length")) > bodyBytes) throw tooLarge();
  const reader = request.body?.getReader();
  if (reader === undefined) return "";
  let isLate = false;
  const timer = clock.setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, bodyTimeout);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if ((size += value.byteLength) > bodyBytes) throw tooLarge();
      chunks.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof Refusal) throw error;
    if (!isLate) throw new Refusal(400, "The body broke off");
  } finally {
    clock.clearTimeout(timer);
  }
  if (isLate) throw new Refusal(408, `A body must arrive within ${bodyTimeout} milliseconds`);
  try {
    return utf8.decode(chunks.length === 1 ? chunks[0] : concat(...chunks));
  } catch {
    throw new Refusal(400, "The body is not UTF-8");
  }
}

/**
 * Reads the fields of a form, or of the query of an address.
 *
 * @throws {Refusal} With 400 if what its escapes stand for is not UTF-8.
 */
export function parseForm(text: string): URLSearchParams {
  const form = new URLSearchParams(text);
  // What is no UTF-8 when its escapes are undone was replaced by this character. Those of ASCII cannot be at fault.
  if (/%[89a-f]/i.test(text) && /\ufffd/.test([...form].join("")) && !/\ufffd|%EF%BF%BD/i.test(text)) {
    throw new Refusal(400, "The fields are not UTF-8");
  }
  return form;
}

/** Whether a header names a media type, whatever its parameters. */
export function hasType(request: Request, type: string): boolean {
  const [named = ""] = (request.headers.get("content-type") ?? "").split(";");
  return named.trim().toLowerCase() === type;
}
