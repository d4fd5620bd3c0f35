/**
 * Runs Lua scripts in Redis by their digest, and sends one in full when Redis does not know it.
 *
 * @module
 */

import { wasAnswered } from "./errors.ts";
import { readText } from "./reply.ts";

/** They are the same in every Redis. */
const digests = new Map<string, string>();

/** Runs scripts over whatever sends commands. */
export class Scripting {
  readonly #send: (command: string[]) => Promise<unknown>;

  constructor(send: (command: string[]) => Promise<unknown>) {
    this.#send = send;
  }

  /** Runs a script. What it does it may do twice if it is sent again, so it must bear that. */
  async run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const rest = [`${keys.length}`, ...keys, ...args];
    const digest = digests.get(script) ?? await this.#digest(script);
    try {
      return await this.#send(["EVALSHA", digest, ...rest]);
    } catch (error) {
      // It was restarted, or its scripts were flushed, or it is another node of a cluster.
      if (!wasAnswered(error, "NOSCRIPT")) throw error;
      return await this.#send(["EVAL", script, ...rest]);
    }
  }

  /** Redis computes the digest: Node 18 offers no way to do it that the other runtimes have. */
  async #digest(script: string): Promise<string> {
    const digest = readText(await this.#send(["EVAL", "return redis.sha1hex(ARGV[1])", "0", script]));
    digests.set(script, digest);
    return digest;
  }
}
