/**
 * Reads what Redis answers, as its clients hand it on: entries as `[id, [field, value, …]]`, in text or in bytes.
 *
 * @module
 */

import type { BackplaneEntry } from "../cluster/backplane.ts";
import { engineError } from "../base/engine_errors.ts";
import { show, type TidingsError } from "../base/errors.ts";

// The payload has to come back unchanged, also one that begins with a byte order mark.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads a bulk string. */
export function readText(reply: unknown): string {
  if (typeof reply === "string") return reply;
  if (reply instanceof Uint8Array) return utf8.decode(reply);
  throw unreadable("a text", reply);
}

/** Reads the reply to XRANGE or XREVRANGE. */
export function readEntries(reply: unknown): BackplaneEntry[] {
  if (!Array.isArray(reply)) throw unreadable("a list of entries", reply);
  return reply.map((entry: unknown) => {
    if (!Array.isArray(entry) || !Array.isArray(entry[1])) throw unreadable("an entry", entry);
    let messageId: string | undefined;
    let payload: string | undefined;
    const fields: unknown[] = entry[1];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const field = readText(fields[i]);
      if (field === "m") messageId = readText(fields[i + 1]);
      else if (field === "p") payload = readText(fields[i + 1]);
    }
    // A mark of ours has a field "start", and no other entry lacks both.
    const isForeign = payload === undefined &&
      !fields.some((field, i) => i % 2 === 0 && readText(field) === "start");
    const id = readText(entry[0]);
    if (!isForeign) return { id, messageId, payload };
    return { id, messageId, payload, foreign: 'it has no field "p", so another program appended it' };
  });
}

/** The error of a reply that is not what it should be. */
export function unreadable(what: string, reply: unknown): TidingsError {
  const message = `Redis' reply should be ${what} and is ${show(reply)}: does the client transform replies?`;
  return engineError(message, undefined, true);
}
