/**
 * Publishes what the hub itself has to tell, in order, and not more at once than leaves room for what others publish.
 *
 * @module
 */

import { TidingsError } from "../../base/errors.ts";
import type { Broadcaster } from "../../broadcaster/broadcaster.ts";
import type { EventMap, PublishEvent } from "../../log/typed.ts";

// How many may wait to be acknowledged: a tenth of what a Broadcaster lets wait by default.
const AT_ONCE = 1_000;

interface Announcement {
  readonly event: PublishEvent<EventMap>;
  resolve(id: string): void;
  reject(error: unknown): void;
}

export class Announcer {
  readonly #broadcaster: Broadcaster;
  #underWay = 0;
  /** What is to be published, from `#next` on. */
  #queue: Announcement[] = [];
  #next = 0;

  constructor(broadcaster: Broadcaster) {
    this.#broadcaster = broadcaster;
  }

  /** Resolves with the id when it was published. Whoever does not wait for that need not heed a failure. */
  announce(event: PublishEvent<EventMap>): Promise<string> {
    const promise = new Promise<string>((resolve, reject) => this.#queue.push({ event, resolve, reject }));
    promise.catch(() => {});
    this.#run();
    return promise;
  }

  #run(): void {
    while (this.#underWay < AT_ONCE && this.#next < this.#queue.length) {
      const announcement = this.#queue[this.#next++]!;
      this.#underWay++;
      this.#publish(announcement.event).then(announcement.resolve, announcement.reject).finally(() => {
        this.#underWay--;
        this.#run();
      });
    }
    if (this.#next < this.#queue.length) return;
    this.#queue = [];
    this.#next = 0;
  }

  async #publish(event: PublishEvent<EventMap>): Promise<string> {
    // One that closes has sent what it had to send: nothing that is published now is waited for.
    if (this.#broadcaster.state !== "open") throw new TidingsError("closed", "The broadcaster closes");
    return await this.#broadcaster.publish(event);
  }
}
