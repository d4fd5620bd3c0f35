/**
 * Makes a stream, or finds the one that another process has made meanwhile.
 *
 * @module
 */

import { type Clock, sleep, spread } from "../base/clock.ts";
import { CODE, codeOf } from "./errors.ts";
import type { StreamInfoLike } from "./types.ts";

/** While another process is making the stream, the server says only that its subject is taken. */
const MADE_MEANWHILE: readonly unknown[] = [CODE.streamExists, CODE.subjectsOverlap];

// How long a stream that was deleted under its users stays away, in milliseconds. The server says that there is none before it
// has removed the files, and then removes those of a successor with them: such a stream takes no message until the server is
// started anew. It may even crash where one asks for a message while another makes the stream. (Both seen with 2.9.10.)
const REMOVAL = 500;

/** What is asked of the server, and by whom. */
export interface Maker {
  readonly clock: Clock;
  /** This process had one by that name: so somebody is deleting it, or just has. */
  readonly isDeleted: boolean;
  make(): Promise<StreamInfoLike>;
  /** Gives `undefined` if there is none: then the error of `make` stands. */
  find(): Promise<StreamInfoLike | undefined>;
}

export async function makeOrFind({ clock, isDeleted, make, find }: Maker): Promise<StreamInfoLike> {
  if (isDeleted) {
    // Not all at once.
    await sleep(clock, spread(clock, REMOVAL, 1, 2));
    const made = await find();
    if (made !== undefined) return made;
  }
  try {
    return await make();
  } catch (error) {
    const found = MADE_MEANWHILE.includes(codeOf(error)) ? await find() : undefined;
    if (found === undefined) throw error;
    return found;
  }
}
