/** A Broadcaster for events that tell a whole state: whoever connects, or comes back, gets the state of now first. */

import { Broadcaster, type SubscribeOptions } from "../../mod.ts";

/** An event: its name, and the state that it tells. */
export type StateEvent = readonly [name: string, state: unknown];

export class StateFeed {
  // A client that lags needs no state but the newest, so little is kept, and only one event a topic and name is sent.
  readonly #feed = new Broadcaster({
    history: { events: 2_000 },
    lagPolicy: "latest",
    limits: { clientsPerKey: 20 },
  });
  #last: string;
  #clients = 0;

  constructor() {
    this.#last = this.#feed.publish({ data: "", topic: "the beginning" });
  }

  /** Sends a state to all who look at the topic. */
  publish(topic: string, [event, data]: StateEvent): void {
    this.#last = this.#feed.publish({ event, data, topic, key: `${topic} ${event}` });
  }

  /**
   * Answers a request with the states of a topic, first those of now. They go to a topic of the client's own, so that the
   * others are not told again what they know; and whatever id the client comes back with, older states are not replayed.
   */
  subscribe(
    request: Request,
    topic: string,
    now: readonly StateEvent[],
    options: SubscribeOptions,
  ): Response {
    const lastEventId = this.#last;
    const own = `client ${++this.#clients}`;
    for (const event of now) this.publish(own, event);
    return this.#feed.subscribe(request, { ...options, topics: [topic, own], key: topic, lastEventId });
  }

  close(): Promise<void> {
    return this.#feed.close({ retry: 1_000, within: 500 });
  }
}
