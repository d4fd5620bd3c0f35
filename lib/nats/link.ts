/**
 * Watches the connection that the user's client works over, and fails what is under way as soon as it breaks.
 *
 * A client that lost its connection keeps what it is asked to send, and sends that first when it is back; what was on its
 * way is lost, and fails only after a time. So what was published later would come first. Hence everything that is under
 * way fails as soon as the connection does, and nothing is sent until it is back.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { closedForGood, unavailable } from "./errors.ts";
import type { JetStreamClientLike } from "./types.ts";

export class Link {
  readonly clock: Clock;
  /** The user's, for calls that go over {@linkcode call}. */
  readonly client: Promise<JetStreamClientLike>;
  readonly #name: string;
  readonly #underWay = new Set<(error: Error) => void>();
  #error: (() => Error) | undefined;
  /** Told when the connection is back. */
  readonly #waiting = new Set<() => void>();
  /** Called each time that it is back. */
  readonly mends: Set<() => void> = new Set();

  constructor(name: string, client: Promise<JetStreamClientLike>, clock: Clock) {
    this.#name = name;
    this.clock = clock;
    this.client = client;
    client.then((client) => this.#watch(client)).catch(() => {});
  }

  /** The outcome of a call, or a failure as soon as the connection breaks. */
  call<T>(call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error());
      this.#underWay.add(reject);
      call().then(resolve, reject).finally(() => this.#underWay.delete(reject));
    });
  }

  /** Waits for a connection that broke, but not for long. */
  async mended(time: number): Promise<void> {
    if (this.#error === undefined) return;
    let told!: () => void;
    const back = new Promise<void>((resolve) => this.#waiting.add(told = resolve));
    await within(this.clock, time, back, () => {});
    this.#waiting.delete(told);
    if (this.#error !== undefined) throw this.#error();
  }

  async #watch(client: JetStreamClientLike): Promise<void> {
    const connection = client.getConnection?.();
    if (connection === undefined) return;
    for await (const { type } of connection.status()) {
      if (type === "disconnect") {
        this.#fail(() =>
          unavailable(this.#name, "the connection to NATS broke; the client tries to mend it")
        );
      } else if (type === "reconnect") {
        this.#error = undefined;
        this.#tell();
        for (const mended of this.mends) mended();
      }
    }
    this.#fail(() => closedForGood(this.#name));
    this.#tell();
  }

  #tell(): void {
    for (const told of this.#waiting) told();
  }

  #fail(error: () => Error): void {
    this.#error = error;
    for (const reject of this.#underWay) reject(error());
    this.#underWay.clear();
  }
}
