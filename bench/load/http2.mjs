/** Reads streams of HTTP/2, of which some hundred share a connection. */
import { Buffer } from "node:buffer";
import { connect } from "node:http2";

const MARK = "~".charCodeAt(0);
// A proxy puts as many on one as the server lets it.
const PER_CONNECTION = 100;

let session;
let left = 0;

/** The connection for a further stream. */
function sessionTo(port) {
  if (left === 0) {
    session = connect(`http://127.0.0.1:${port}`);
    // Its streams tell what went wrong.
    session.on("error", () => {});
    const opened = session;
    // What a connection may have under way is 64 kB at first, for all of its streams.
    opened.once("connect", () => opened.setLocalWindowSize(2 ** 24));
    left = PER_CONNECTION;
  }
  left--;
  return session;
}

export class Http2Client {
  events = 0;
  bytes = 0;
  chunked = false;
  greeted;
  kept;
  #stream;
  #counted;

  constructor({ port, path, keep, counted }) {
    this.#counted = counted;
    if (keep) this.kept = [];
    this.#stream = sessionTo(port).request({ ":path": path, accept: "text/event-stream" });
    this.greeted = new Promise((resolve, reject) => {
      this.#stream.on("data", (chunk) => {
        resolve();
        this.#read(chunk);
      });
      this.#stream.on("error", reject);
    });
    this.greeted.catch(() => {});
  }

  leave() {
    this.#stream.close();
  }

  #read(chunk) {
    this.bytes += chunk.length;
    this.kept?.push(Buffer.from(chunk));
    const before = this.events;
    for (let at = chunk.indexOf(MARK); at !== -1; at = chunk.indexOf(MARK, at + 1)) this.events++;
    if (this.events > before) this.#counted(this, before);
  }
}
