/** Broadcasts events that tell a whole state: whoever connects, or comes back, gets the state of now first. */

import { Broadcaster, type SubscribeOptions } from "tidings";

/** An event: its name, and the state that it tells. */
export type StateEvent = readonly [name: string, state: unknown];

export class StateFeed {
  // A client that lags needs no state but the newest, so little is kept, and of that it gets one event a topic and name.
  readonly #feed = new Broadcaster({
    history: { events: 2_000 },
    lagPolicy: "latest",
    limits: { clientsPerOwner: 20 },
  });
  #clients = 0;

  /** Sends a state to all who look at the topic. */
  publish(topic: string, [event, data]: StateEvent): void {
    void this.#feed.publish({ event, data, topic, key: `${topic} ${event}` });
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
    const own = `client ${++this.#clients}`;
    const topics = [topic, own];
    const response = this.#feed.subscribe(request, { owner: topic, ...options, topics, lastEventId: "" });
    if (request.method !== "HEAD") now.forEach((event) => this.publish(own, event));
    return response;
  }

  close(): Promise<void> {
    return this.#feed.close({ retry: 1_000, within: 500 });
  }
}
