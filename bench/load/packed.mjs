/**
 * Clients that accept gzip, and unpack what they are sent. They cost the load process more than those of `clients.mjs`; the
 * server is what is measured.
 */
import { Buffer } from "node:buffer";
import { get } from "node:http";
import { constants, createGunzip } from "node:zlib";

const MARK = "~".charCodeAt(0);

export class PackedClient {
  events = 0;
  /** Bytes of the body as they travelled, without the marks of chunked coding. */
  bytes = 0;
  greeted;
  /** What was received, unpacked. */
  kept;
  #request;
  #counted;

  constructor({ port, path, keep, counted }) {
    this.#counted = counted;
    if (keep) this.kept = [];
    this.greeted = new Promise((resolve, reject) => {
      const headers = { accept: "text/event-stream", "accept-encoding": "gzip" };
      this.#request = get({ port, path, host: "127.0.0.1", headers, agent: false }, (response) => {
        response.on("data", (chunk) => this.bytes += chunk.length);
        response.on("error", () => {});
        const isPacked = response.headers["content-encoding"] === "gzip";
        const unpacked = isPacked
          ? response.pipe(createGunzip({ flush: constants.Z_SYNC_FLUSH, chunkSize: 4096 }))
          : response;
        unpacked.on("error", () => {});
        unpacked.on("data", (chunk) => {
          resolve();
          this.#read(chunk);
        });
      });
      this.#request.on("error", reject);
    });
    this.greeted.catch(() => {});
  }

  leave() {
    this.#request.destroy();
  }

  #read(chunk) {
    this.kept?.push(Buffer.from(chunk));
    const before = this.events;
    for (let at = chunk.indexOf(MARK); at !== -1; at = chunk.indexOf(MARK, at + 1)) this.events++;
    if (this.events > before) this.#counted(this, before);
  }
}
