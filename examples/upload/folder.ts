/** Keeps the pictures on the disk: in a folder of their own, under names that nobody outside has chosen. */

import { randomBytes } from "node:crypto";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Refusal } from "../support/http.ts";
import { HEAD, type ImageKind, imageKind } from "./images.ts";

const CHUNK = 65_536;

/** A picture that has been received and is kept. */
export interface Kept {
  /** Its name in the folder: 128 random bits, and the extension of its kind. */
  readonly name: string;
  readonly kind: ImageKind;
  /** Bytes. */
  readonly size: number;
}

/** How much one upload may send, and how slowly. */
export interface Patience {
  /** Asked before each piece is kept; throws if it is too much. */
  readonly take: (bytes: number) => void;
  /** Milliseconds that may pass without a single byte. */
  readonly idle: number;
  /** Bytes that are read away after a refusal, so that the client is done sending and reads the answer. */
  readonly drain: number;
}

export class PictureFolder {
  readonly #parent: string;
  #path: Promise<string> | undefined;
  #closed = false;

  /** @param parent Where the folder is made. */
  constructor(parent: string) {
    this.#parent = parent;
  }

  /** Keeps a body, if it is a picture. Nothing is left behind of one that is refused or breaks off. */
  async receive(body: ReadableStream<Uint8Array>, { take, idle, drain }: Patience): Promise<Kept> {
    const reader = body.getReader();
    const name = randomBytes(16).toString("hex");
    let file: FileHandle | undefined;
    let path: string | undefined;
    try {
      let size = 0;
      let waiting = new Uint8Array();
      let kind: ImageKind | undefined;
      for (;;) {
        const { done, value } = await patiently(reader.read().catch(() => Promise.reject(brokenOff())), idle);
        if (value !== undefined) {
          take(value.byteLength);
          size += value.byteLength;
          waiting = join2(waiting, value);
        }
        if (kind === undefined && (done || waiting.byteLength >= HEAD)) {
          kind = accepted(waiting);
          path = await this.#pathOf(`${name}.${kind.extension}`);
          file = await open(path, "wx", 0o600);
        }
        if (file !== undefined && waiting.byteLength > 0) {
          await file.writeFile(waiting);
          waiting = new Uint8Array();
        }
        if (done) {
          await file!.close();
          return { name: `${name}.${kind!.extension}`, kind: kind!, size };
        }
      }
    } catch (error) {
      await file?.close().catch(() => {});
      if (path !== undefined) await rm(path, { force: true });
      if (error instanceof Refusal) await readAway(reader, drain, idle);
      throw error;
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  /** The bytes of a picture that was kept. */
  async read({ name }: Kept): Promise<ReadableStream<Uint8Array>> {
    const file = await open(await this.#pathOf(name), "r");
    return new ReadableStream({
      async pull(controller) {
        try {
          const { bytesRead, buffer } = await file.read(new Uint8Array(CHUNK), 0, CHUNK);
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        await file.close();
      },
      cancel: () => file.close(),
    }, { highWaterMark: 0 });
  }

  async remove({ name }: Kept): Promise<void> {
    await rm(await this.#pathOf(name), { force: true });
  }

  /** Removes the folder, with all that is in it. */
  async close(): Promise<void> {
    this.#closed = true;
    const path = await this.#path;
    if (path !== undefined) await rm(path, { recursive: true, force: true });
  }

  /** The folder is made when there is something to put into it. */
  async #pathOf(name: string): Promise<string> {
    if (this.#closed) throw new Refusal(503, "The server is closing: try again later", { code: "closing" });
    return join(await (this.#path ??= mkdtemp(join(this.#parent, "tidings-upload-"))), name);
  }
}

function accepted(head: Uint8Array): ImageKind {
  if (head.byteLength === 0) {
    throw new Refusal(400, "The request has no body: send one picture", { code: "empty" });
  }
  const kind = imageKind(head);
  if (kind === "heic") {
    throw new Refusal(415, "Few browsers show HEIC: send it as JPEG, PNG, GIF, WebP or AVIF", {
      code: "heic",
    });
  }
  if (kind === undefined) {
    throw new Refusal(415, "This is no picture: send a JPEG, PNG, GIF, WebP or AVIF", { code: "no-picture" });
  }
  return kind;
}

function join2(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.byteLength + b.byteLength);
  both.set(a);
  both.set(b, a.byteLength);
  return both;
}

/** A client that left while it was sending is told this, should it still listen. */
export function brokenOff(): Refusal {
  return new Refusal(400, "The upload broke off: try again", { code: "broken-off" });
}

/** The promise, or a refusal if nothing comes. */
async function patiently<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Refusal(408, `Nothing came for ${ms / 1000} s: try again`, { code: "too-slow" })),
      ms,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer!);
  }
}

async function readAway(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  most: number,
  idle: number,
): Promise<void> {
  try {
    for (let left = most; left > 0;) {
      const { done, value } = await patiently(reader.read(), idle);
      if (done) return;
      left -= value.byteLength;
    }
  } catch { /* the refusal is what counts */ }
}
