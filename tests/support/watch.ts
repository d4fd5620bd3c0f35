/**
 * Reads the events of one stream, over `fetch`, as they come.
 *
 * @module
 */

import { parseSSE, type ServerEvent } from "../../lib/client/mod.ts";
import { until } from "./wait.ts";

export class Watch {
  readonly events: ServerEvent[] = [];
  /** Whether the server has ended the stream. */
  ended = false;
  readonly #leaving = new AbortController();

  /** Opens the stream, which must be one. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<Watch> {
    const watch = new Watch();
    const response = await fetch(url, { headers, signal: watch.#leaving.signal });
    void watch.#read(parseSSE(response));
    return watch;
  }

  async #read(events: AsyncIterable<ServerEvent | { kind: "gap" }>): Promise<void> {
    try {
      for await (const event of events) if (event.kind === "event") this.events.push(event);
      this.ended = true;
    } catch { /* it was left */ }
  }

  /** The events of this name. */
  named(name: string): ServerEvent[] {
    return this.events.filter(({ event }) => event === name);
  }

  /** The data of the events of this name, as JSON. */
  data(name: string): unknown[] {
    return this.named(name).map(({ data }) => JSON.parse(data));
  }

  /** Waits for so many events of this name. */
  until(name: string, count = 1): Promise<void> {
    return until(() => this.named(name).length >= count, `${count} events "${name}"`);
  }

  /** Waits for so many events of this name, and gives the data of the last, as JSON. */
  async latest(name: string, count = 1): Promise<unknown> {
    await this.until(name, count);
    return this.data(name).at(-1);
  }

  async untilEnded(): Promise<void> {
    await until(() => this.ended, "the stream ends");
  }

  leave(): void {
    this.#leaving.abort();
  }
}
