/**
 * Decides whether an event stream may be written straight to a Node response's socket.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { ChunkedWriter } from "./chunked.ts";
import type { NodeResponse } from "./types.ts";

const isNode = !("Bun" in globalThis) && !("Deno" in globalThis);

let isProven: boolean | undefined;

/**
 * Whether a response is Node's own over HTTP/1.1, and nobody else has a hand in what is written to it: a compressing
 * middleware, for one, puts its own `write` in the place of Node's.
 */
export function mayWriteDirectly(outgoing: NodeResponse): boolean {
  if (!isNode || "stream" in outgoing) return false;
  let owner: object = outgoing;
  while (!Object.hasOwn(owner, "write")) owner = Object.getPrototypeOf(owner);
  if (owner.constructor.name !== "OutgoingMessage") return false;
  return isProven ??= prove();
}

/**
 * Whether this version of Node sends the same bytes, when some of them are written to the socket and the others to the
 * response. What {@linkcode ChunkedWriter} relies on is not promised by Node's documentation, so no version is trusted
 * for its number, but for what it does: once, with a response that goes to nobody.
 */
function prove(): boolean {
  // Versions without this are older than 20.16 and have their last release behind them: the test suite has proven them.
  if (typeof process.getBuiltinModule !== "function") return true;
  try {
    const direct = new ChunkedWriter();
    const mixed = sample((outgoing, bytes, index) => {
      if (index % 2 === 0) direct.write(outgoing, bytes);
      else outgoing.write(bytes);
    });
    return mixed === sample((outgoing, bytes) => outgoing.write(bytes));
  } catch {
    return false;
  }
}

/** What a response sends that is written to in this way, several times in one turn. */
function sample(write: (outgoing: ServerResponse, bytes: Uint8Array, index: number) => void): string {
  const { ServerResponse } = process.getBuiltinModule("node:http");
  const { Writable } = process.getBuiltinModule("node:stream");
  let sent = "";
  const socket = new Writable({
    decodeStrings: false,
    write(chunk: Uint8Array | string, _encoding, done) {
      sent += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("latin1");
      done();
    },
  });
  const incoming = { method: "GET", httpVersionMajor: 1, httpVersionMinor: 1 };
  const outgoing = new ServerResponse(incoming as never);
  // A failure shows in what was sent.
  outgoing.on("error", () => {});
  outgoing.sendDate = false;
  outgoing.assignSocket(socket as never);
  outgoing.writeHead(200, { "content-type": "text/event-stream" });
  for (const [index, size] of [1, 300, 5_000, 20, 2, 1, 40].entries()) {
    write(outgoing, new Uint8Array(size).fill(65 + index), index);
  }
  outgoing.end();
  return sent;
}
