/**
 * Writes and reads text of which nothing may be lost: some drivers end a text at its first NUL, so one with a NUL is stored
 * as bytes.
 *
 * @module
 */

/** A text as a driver gives it. */
export type Stored = string | Uint8Array | ArrayBuffer;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function toStored(text: string): string | Uint8Array {
  return text.includes("\0") ? encoder.encode(text) : text;
}

export function fromStored(stored: Stored): string {
  return typeof stored === "string" ? stored : decoder.decode(stored);
}
