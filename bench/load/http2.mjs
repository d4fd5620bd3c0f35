/** Reads streams of HTTP/2, of which a hundred share a connection. */
import { connect } from "node:http2";
import { BodyClient } from "./body.mjs";

// With 1,000 a delivery took no less.
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

export class Http2Client extends BodyClient {
  greeted;
  #stream;

  constructor({ port, path, ...options }) {
    super(options);
    this.#stream = sessionTo(port).request({ ":path": path, accept: "text/event-stream" });
    this.greeted = new Promise((resolve, reject) => {
      this.#stream.on("data", (chunk) => {
        resolve();
        this.bytes += chunk.length;
        this.read(chunk);
      });
      this.#stream.on("error", reject);
    });
    this.greeted.catch(() => {});
  }

  leave() {
    this.#stream.close();
  }
}
