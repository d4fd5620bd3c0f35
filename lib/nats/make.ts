/**
 * Makes a stream, or finds the one that another process has made meanwhile.
 *
 * @module
 */

import { CODE, codeOf } from "./errors.ts";
import type { StreamInfoLike } from "./types.ts";

/** While another process is making the stream, the server says only that its subject is taken. */
const MADE_MEANWHILE: readonly unknown[] = [CODE.streamExists, CODE.subjectsOverlap];

/** @param find Gives `undefined` if there is none: then the error of `make` stands. */
export async function makeOrFind(
  make: () => Promise<StreamInfoLike>,
  find: () => Promise<StreamInfoLike | undefined>,
): Promise<StreamInfoLike> {
  try {
    return await make();
  } catch (error) {
    const found = MADE_MEANWHILE.includes(codeOf(error)) ? await find() : undefined;
    if (found === undefined) throw error;
    return found;
  }
}
