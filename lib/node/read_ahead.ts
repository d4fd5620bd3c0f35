/**
 * Looks whether all of a response's body is there already: then it can be sent in one piece, and with its length.
 *
 * @module
 */

// What is read at most, in bytes. A body that is larger has more than one piece in any case.
const MOST = 1 << 16;

type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>["read"]>>;

/** How a body begins. */
export interface Beginning {
  /** What there was. */
  readonly chunks: readonly Uint8Array[];
  /** Together, in bytes. */
  readonly size: number;
  /** The read that is under way; `undefined` if the body has come to its end. It may reject. */
  readonly rest: Promise<Read> | undefined;
}

/** Reads what comes before this turn of the event loop is over. Never rejects. */
export async function readAhead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Beginning> {
  const over = new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined)));
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const rest = reader.read();
    // Not a number where a body holds what it must not: that fails where it is written.
    if (!(size < MOST)) return { chunks, size, rest };
    const read = await Promise.race([rest, over]).catch(() => undefined);
    if (read === undefined) return { chunks, size, rest };
    if (read.done) return { chunks, size, rest: undefined };
    chunks.push(read.value);
    size += read.value.byteLength;
  }
}
