/**
 * Finds the streams whose owner's lease is over, and takes out those that are to be forgotten.
 *
 * The last messages of all subjects tell. To read them all costs something with many streams, so that is done no more often
 * than it takes a twentieth of the time; in between only those are looked at again whose lease would be over by now.
 *
 * @module
 */

import type { Stored } from "./store_message.ts";
import type { StoreStream } from "./store_stream.ts";

// How much longer than a scan the time up to the next one is, and the most that it can be, in milliseconds.
const REST = 20;
const LONGEST_REST = 10_000;
// How many are looked at again in one call.
const MOST = 100;
const PAGE = 500;

export class Overdue {
  readonly #stream: StoreStream;
  /** When the lease of each running stream is over, as far as is known. */
  readonly #leases = new Map<string, number>();
  #scanAt = 0;

  constructor(stream: StoreStream) {
    this.#stream = stream;
  }

  async list(): Promise<readonly string[]> {
    const { clock } = this.#stream;
    const from = clock.now();
    let now: number;
    if (from >= this.#scanAt || this.#scanAt > from + LONGEST_REST) {
      now = await this.#scan();
      const to = clock.now();
      this.#scanAt = to + Math.min(LONGEST_REST, REST * Math.max(0, to - from));
    } else {
      now = await this.#lookAgain();
    }
    return [...this.#leases].filter(([, leaseEnd]) => leaseEnd <= now).map(([id]) => id);
  }

  async #scan(): Promise<number> {
    const { subjects } = this.#stream;
    const heads: Stored[] = [];
    await this.#stream.log("");
    const now = await this.#stream.each(
      { deliver_policy: "last_per_subject", filter_subject: subjects.all },
      () => PAGE,
      (head) => {
        heads.push(head);
        return true;
      },
    );
    // Those of another JetStream stream than was known, or of one that was deleted since.
    const other = heads.find(({ subject }) => this.#stream.idOf(subject) === undefined);
    if (other !== undefined) await this.#stream.stands(other.subject);
    this.#leases.clear();
    for (const head of heads) {
      const id = this.#stream.idOf(head.subject);
      if (id !== undefined) this.#learn(id, head, now);
    }
    return now;
  }

  async #lookAgain(): Promise<number> {
    await this.#stream.learnTime();
    const now = this.#stream.time.now();
    let asked = 0;
    for (const [id, leaseEnd] of this.#leases) {
      if (leaseEnd > now || ++asked > MOST) continue;
      this.#learn(id, await this.#stream.head(id), now);
    }
    return now;
  }

  #learn(id: string, head: Stored | undefined, now: number): void {
    // To the end, so that others have their turn.
    this.#leases.delete(id);
    if (head === undefined) return;
    const { state, leaseEnd, expires } = head.life;
    if (expires <= now) void this.#stream.purge(head.subject, head.seq + 1);
    else if (state === "running") this.#leases.set(id, leaseEnd);
  }
}
