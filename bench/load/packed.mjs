/**
 * Clients that accept gzip. Those that unpack what they are sent take most of a machine when there are a thousand of them,
 * and the server's figures then change with what its clients do. So where blocks are shared, and can be counted as they are,
 * few unpack.
 */
import { Buffer } from "node:buffer";
import { get } from "node:http";
import { constants, createGunzip } from "node:zlib";
import { BodyClient } from "./body.mjs";
import { Client } from "./clients.mjs";

// How a block ends that was closed by a full flush (RFC 1951, 3.2.4: a stored block of no bytes).
const BLOCK_END = Buffer.from([0, 0, 0xff, 0xff]);

const headers = { "accept-encoding": "gzip" };

/** Reads at almost no cost a stream that turned out not to be packed. */
export class UnpackedClient extends Client {
  constructor(options) {
    super({ ...options, headers });
  }
}

/** Reads at almost no cost a stream of blocks, each with the events of one turn. What comes first is too short for one. */
export class BlockClient extends UnpackedClient {
  #perBlock;
  /** The last bytes, in which a block's end may have begun. */
  #rest = Buffer.alloc(0);

  constructor({ perBlock, ...options }) {
    super(options);
    this.#perBlock = perBlock;
  }

  count(chunk) {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let blocks = 0;
    for (let at = bytes.indexOf(BLOCK_END); at !== -1; at = bytes.indexOf(BLOCK_END, at + 1)) blocks++;
    this.#rest = Buffer.from(bytes.subarray(-(BLOCK_END.length - 1)));
    return blocks * this.#perBlock;
  }
}

export class PackedClient extends BodyClient {
  greeted;
  #request;

  constructor({ port, path, ...options }) {
    super(options);
    this.greeted = new Promise((resolve, reject) => {
      const wanted = { accept: "text/event-stream", ...headers };
      this.#request = get({ port, path, host: "127.0.0.1", headers: wanted, agent: false }, (response) => {
        response.on("data", (chunk) => this.bytes += chunk.length);
        response.on("error", () => {});
        const isPacked = response.headers["content-encoding"] === "gzip";
        const unpacked = isPacked
          ? response.pipe(createGunzip({ flush: constants.Z_SYNC_FLUSH, chunkSize: 4096 }))
          : response;
        unpacked.on("error", () => {});
        unpacked.on("data", (chunk) => {
          resolve();
          this.read(chunk);
        });
      });
      this.#request.on("error", reject);
    });
    this.greeted.catch(() => {});
  }

  leave() {
    this.#request.destroy();
  }
}
