/**
 * Makes a body again of what a framework's parser has left of it.
 *
 * @module
 */

import type { NodeRequest } from "./types.ts";

const CURE = "mount the listener before whatever reads the body, or let that leave what it read in req.body";

/** What parsers put on a request: `body`, and `rawBody` where they keep the bytes beside what they made of them. */
type Parsed = NodeRequest & { readonly body?: unknown; readonly rawBody?: unknown };

/**
 * Whether somebody has read the body, or a part of it. That `req.body` is set says nothing: Express 4 puts an empty object
 * there that stands for no body.
 */
export function wasRead(incoming: NodeRequest): boolean {
  return incoming.readableDidRead || incoming.readableEnded;
}

/**
 * The body of a request that was read, with the headers made to agree with it; or one that fails when it is read, and says
 * why, if what was read is nowhere to be found.
 */
export function parsedBody(
  incoming: NodeRequest,
  headers: Headers,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = bytesOf(incoming, headers);
  } catch (error) {
    // Not before it is read: most handlers never look at it.
    return new ReadableStream({ pull: (controller) => controller.error(error) }, { highWaterMark: 0 });
  }
  // The parser has joined, unpacked and decoded what these speak of.
  for (const name of ["transfer-encoding", "content-encoding"]) headers.delete(name);
  headers.set("content-length", String(bytes.byteLength));
  return bytes;
}

function bytesOf(incoming: Parsed, headers: Headers): Uint8Array<ArrayBuffer> {
  if (!incoming.readableEnded) {
    throw new Error(`Some of the request's body was read before toNodeListener: ${CURE}`);
  }
  // It was empty. A parser makes an empty object of that, which is not what was sent.
  if (!incoming.readableDidRead) return new Uint8Array(0);
  const { rawBody, body } = incoming;
  const left = rawBody instanceof Uint8Array ? rawBody : body;
  if (left instanceof Uint8Array) return new Uint8Array(left);
  const type = headers.get("content-type") ?? "";
  const text = textOf(left, type);
  // In whatever charset it came, it goes on in this one.
  if (type !== "") headers.set("content-type", type.replace(/(;\s*charset=)("[^"]*"|[^\s;]+)/i, "$1utf-8"));
  return new TextEncoder().encode(text);
}

function textOf(left: unknown, type: string): string {
  if (typeof left === "string") return left;
  const where = "The request's body was read before toNodeListener, and ";
  if (left === undefined) throw new Error(`${where}req.body is undefined: ${CURE}`);
  if (/^multipart\//i.test(type)) {
    throw new Error(`${where}a multipart body cannot be made again of req.body: ${CURE}`);
  }
  if (/^application\/x-www-form-urlencoded\b/i.test(type) && typeof left === "object" && left !== null) {
    const form = new URLSearchParams();
    for (const [name, value] of Object.entries(left)) append(form, name, value);
    return form.toString();
  }
  try {
    return JSON.stringify(left);
  } catch (cause) {
    throw new Error(`${where}req.body cannot be written as JSON: ${CURE}`, { cause });
  }
}

/** Writes a field of a form: a list as the same name again, and what is inside another by brackets. */
function append(form: URLSearchParams, name: string, value: unknown): void {
  if (typeof value !== "object" || value === null) form.append(name, String(value ?? ""));
  else if (!Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) append(form, `${name}[${key}]`, inner);
  } else {
    value.forEach((each, index) =>
      append(form, typeof each === "object" && each !== null ? `${name}[${index}]` : name, each)
    );
  }
}
