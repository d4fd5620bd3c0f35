/**
 * Waits until a stream takes messages. The server tells of one that it is making before it does (seen with 2.9.10, once in
 * 200 times on a machine with nothing else to do), and whoever publishes in between hears that nobody is there.
 *
 * @module
 */

import { sleep } from "../base/clock.ts";
import { CODE, codeOf } from "./errors.ts";
import type { Link } from "./link.ts";

// Pauses between the attempts, in milliseconds. Together they are well below what a call may take.
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 640;
// No stream ever had a message of this number: what is expected to follow it is refused, and not stored.
const NEVER = Number.MAX_SAFE_INTEGER;

/** Whether nobody takes the subject that was published to. */
export function isNobody(error: unknown): boolean {
  return (error as { name?: unknown } | null | undefined)?.name === "JetStreamNotEnabled";
}

/** Resolves once a stream takes messages of a subject. Rejects as a message would if it goes on taking none. */
export async function taking(link: Link, stream: string, subject: string): Promise<void> {
  const client = await link.client;
  const expect = { streamName: stream, lastSequence: NEVER };
  for (let pause = FIRST_PAUSE;; pause *= 2) {
    try {
      await link.call(() => client.publish(subject, "", { expect }));
      return;
    } catch (error) {
      if (codeOf(error) === CODE.wrongLastSequence) return;
      if (!isNobody(error) || pause > LONGEST_PAUSE) throw error;
    }
    await sleep(link.clock, pause);
  }
}
