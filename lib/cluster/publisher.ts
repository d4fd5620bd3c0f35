/**
 * Puts events into the shared log: in the order in which they were published, again if that failed, and never without
 * telling whether it worked.
 *
 * @module
 */

import type { Backplane, BackplaneMessage } from "./backplane.ts";
import { newEpoch } from "../log/cursor.ts";
import { isPermanent } from "../base/engine_errors.ts";
import type { Clock } from "../base/clock.ts";
import { errorText, TidingsError } from "../base/errors.ts";
import type { Patience } from "../base/patience.ts";

interface Message extends BackplaneMessage {
  readonly number: number;
  readonly deadline: number;
  attempts: number;
  /** Why the last attempt failed. */
  error: unknown;
  resolve(id: string): void;
  reject(error: TidingsError): void;
}

/** Bounds of what waits to be acknowledged. */
export interface PublisherLimits {
  /** Messages. */
  readonly outbox: number;
  /** Milliseconds for each. */
  readonly publishTimeout: number;
  readonly clock: Clock;
}

/** Who is told what became of a message. Its methods must not throw. */
export interface PublisherListener {
  acknowledged(messageId: string, id: string): void;
  failed(error: TidingsError): void;
}

export class Publisher {
  readonly #backplane: Backplane;
  readonly #limits: PublisherLimits;
  readonly #patience: Patience;
  readonly #listener: PublisherListener;
  /** Makes this process's message ids unlike any other's. */
  readonly #origin: string;
  #count = 0;
  /** All that are not acknowledged yet, oldest first; those of them that are on their way; those that are to be sent. */
  readonly #open = new Set<Message>();
  readonly #sent = new Set<Message>();
  #queue: Message[] = [];
  /** How many attempts failed in a row, and why the last one did. */
  #failures = 0;
  #failure: unknown;
  #resting = false;
  #alarm: unknown;
  #settled: (() => void)[] = [];

  constructor(
    backplane: Backplane,
    { patience, ...limits }: PublisherLimits & { patience: Patience },
    listener: PublisherListener,
  ) {
    this.#backplane = backplane;
    this.#limits = limits;
    this.#patience = patience;
    this.#listener = listener;
    this.#origin = newEpoch(limits.clock);
  }

  /** Whether a message is one of this process's. */
  isOwn(messageId: string): boolean {
    return messageId.startsWith(`${this.#origin}-`);
  }

  /** Why nothing gets through, if nothing does. */
  get error(): unknown {
    const [oldest] = this.#open;
    return oldest && this.#reason(oldest);
  }

  /** Resolves with the message's id, or rejects with a {@linkcode TidingsError} that the operator was told of too. */
  publish(payload: string): Promise<string> {
    const { publishTimeout, outbox, clock } = this.#limits;
    const promise = new Promise<string>((resolve, reject) => {
      const number = ++this.#count;
      const messageId = `${this.#origin}-${number}`;
      const deadline = clock.now() + publishTimeout;
      const message = {
        messageId,
        payload,
        number,
        deadline,
        attempts: 0,
        error: undefined,
        resolve,
        reject,
      };
      if (this.#open.size >= outbox) {
        return this.#giveUp(message, `${outbox} events wait already, which is what the option "outbox" lets`);
      }
      this.#open.add(message);
      this.#queue.push(message);
      this.#watch();
      this.#send();
    });
    // Whoever awaits it is told; whoever does not is told by the hook.
    promise.catch(() => {});
    return promise;
  }

  /** Resolves when nothing waits any more. */
  settled(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#settled.push(resolve));
  }

  /** Gives up what still waits. */
  stop(): void {
    this.#queue = [];
    for (const message of this.#open) {
      this.#giveUp(message, "the broadcaster was closed. It may still arrive");
    }
  }

  #send(): void {
    if (this.#resting) return;
    // After a failure nothing overtakes what has to be sent again.
    if (this.#failures > 0 && this.#sent.size > 0) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const message of queue) {
      message.attempts++;
      this.#sent.add(message);
      this.#backplane.append(message).then(
        (id) => this.#landed(message, id),
        (error) => this.#failed(message, error),
      );
    }
  }

  /** Why a message is not there yet: one that was not sent so far waits because of another one. */
  #reason(message: Message): unknown {
    return message.error ?? this.#failure;
  }

  #landed(message: Message, id: string): void {
    this.#sent.delete(message);
    this.#failures = 0;
    this.#failure = undefined;
    message.resolve(id);
    this.#listener.acknowledged(message.messageId, id);
    this.#close(message);
    this.#send();
  }

  #failed(message: Message, error: unknown): void {
    this.#sent.delete(message);
    message.error = error;
    if (!this.#open.has(message)) return this.#send();
    if (isPermanent(error)) {
      this.#giveUp(message, `it refused: ${errorText(error)}`);
      return this.#send();
    }
    this.#failure = error;
    // In the order in which they were published.
    const after = this.#queue.findIndex(({ number }) => number > message.number);
    this.#queue.splice(after === -1 ? this.#queue.length : after, 0, message);
    void this.#rest();
  }

  async #rest(): Promise<void> {
    if (this.#resting) return;
    this.#resting = true;
    await this.#patience.pause(this.#failures++);
    this.#resting = false;
    this.#send();
  }

  /** One timer for the oldest of them: all have the same time. */
  #watch(): void {
    const { publishTimeout, clock } = this.#limits;
    if (publishTimeout === Infinity || this.#alarm !== undefined) return;
    for (const { deadline } of this.#open) {
      this.#alarm = clock.setTimeout(() => this.#expire(), Math.max(0, deadline - clock.now()));
      return;
    }
  }

  #expire(): void {
    this.#alarm = undefined;
    const now = this.#limits.clock.now();
    for (const message of this.#open) {
      if (message.deadline > now) break;
      const error = this.#reason(message);
      const why = error === undefined ? "" : ` (the last attempt failed: ${errorText(error)})`;
      this.#giveUp(
        message,
        `it did not acknowledge within the ${this.#limits.publishTimeout} ms of the option "publishTimeout"${why}. ` +
          "It may still arrive",
      );
    }
    this.#queue = this.#queue.filter((message) => this.#open.has(message));
    this.#watch();
    this.#send();
  }

  #giveUp(message: Message, why: string): void {
    const error = new TidingsError(
      "publish-failed",
      `An event was not published to ${this.#backplane.name}: ${why}`,
      { cause: this.#reason(message) },
    );
    message.reject(error);
    this.#listener.failed(error);
    this.#close(message);
  }

  #close(message: Message): void {
    this.#open.delete(message);
    if (this.#open.size > 0) return;
    this.#limits.clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
