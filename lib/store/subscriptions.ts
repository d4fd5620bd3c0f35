/**
 * Subscribes to any number of channels over one connection, and tells whoever listens when messages may have been missed.
 *
 * @module
 */

import { type Clock, spread } from "../base/clock.ts";
import { Patience } from "../base/patience.ts";

/** A connection that brings messages. If it reconnects by itself it must say that it was lost. */
export interface Subscriber {
  /** Subscribes to channels, at least one. Resolves when the engine has confirmed all. */
  subscribe(channels: string[]): Promise<unknown>;
  /** Subscribes to them no more. */
  unsubscribe(channels: string[]): Promise<unknown>;
  /** Resolves when the connection has proved that it is alive. */
  ping(): Promise<unknown>;
  /** Lets go of the connection at once. What it throws is ignored. */
  close(): void;
}

/** Opens a connection that brings messages, and says when it is lost. */
export type Listen = (
  onMessage: (channel: string, message: string) => void,
  onLost: () => void,
) => Promise<Subscriber>;

/** Told of what happens on a channel. Its methods must not throw. */
export interface ChannelListener {
  heard(message: string): void;
  /** Messages may have been missed: said when listening has begun, and after and during each interruption. */
  missed(): void;
}

// How often the connection is tried by a PING, and for how long the answer may fail to come; in milliseconds.
const BEAT = 2_000;
const LONGEST_SILENCE = 2_500;
// How often listeners are told that they may have missed something while there is no connection, in milliseconds.
const POLL = 1_000;
// For how long the connection is kept though nobody listens, unless it is said; in milliseconds.
const IDLE = 10_000;

/** One connection, from when it is up. */
interface Line {
  readonly subscriber: Subscriber;
  isLost: boolean;
  /** Whether anything was heard since the last PING. */
  isAlive: boolean;
}

/** All subscriptions of one process. The connection is there while anybody listens, and a while longer. */
export class Subscriptions {
  readonly #listen: Listen;
  readonly #connectTimeout: number;
  readonly #idle: number;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #listeners = new Map<string, Set<ChannelListener>>();
  /** The channels that somebody has begun or ceased to listen to, and the engine may not know. */
  readonly #changed = new Set<string>();
  /** The channels that the engine has confirmed. */
  readonly #confirmed = new Set<string>();
  #isRunning = false;
  #isClosed = false;
  /** Ends the wait for something to do. */
  #wake: (() => void) | undefined;
  #line: Line | undefined;
  #polls: unknown;
  #failure: unknown;

  /**
   * @param connectTimeout How long opening a connection may take, in milliseconds.
   * @param idle For how long the connection is kept though nobody listens, in milliseconds.
   * @param owner Who waits, for the error of a call that is ended.
   */
  constructor(
    listen: Listen,
    { clock, connectTimeout, idle = IDLE, owner = "the store" }: {
      clock: Clock;
      connectTimeout: number;
      idle?: number;
      owner?: string;
    },
  ) {
    this.#listen = listen;
    this.#connectTimeout = connectTimeout;
    this.#idle = idle;
    this.#clock = clock;
    this.#patience = new Patience(clock, owner);
  }

  /** Why the last attempt to connect or to subscribe failed, until one succeeds. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether the engine has confirmed that it brings what is told on a channel. */
  confirms(channel: string): boolean {
    return this.#confirmed.has(channel);
  }

  /** Listens to a channel until the function that is returned is called. */
  add(channel: string, listener: ChannelListener): () => void {
    if (this.#isClosed) return () => {};
    let listeners = this.#listeners.get(channel);
    if (listeners === undefined) {
      this.#listeners.set(channel, listeners = new Set());
      this.#change(channel);
    }
    listeners.add(listener);
    if (this.#confirmed.has(channel)) {
      queueMicrotask(() => !this.#isClosed && listeners.has(listener) && listener.missed());
    } else {
      this.#pollLater();
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#listeners.delete(channel);
      this.#change(channel);
    };
  }

  /** Lets go of the connection, and calls nobody any more. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listeners.clear();
    this.#clock.clearTimeout(this.#polls);
    if (this.#line !== undefined) this.#lose(this.#line);
    this.#patience.end();
    this.#wake?.();
  }

  #change(channel: string): void {
    if (this.#isClosed) return;
    this.#changed.add(channel);
    if (this.#isRunning) this.#wake?.();
    else void this.#run();
  }

  /** Keeps a connection up for as long as there is somebody to listen. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let failures = 0; !this.#isClosed && this.#listeners.size > 0; failures++) {
      const line = await this.#open();
      if (line !== undefined && await this.#serve(line)) failures = 0;
      this.#pollLater();
      if (this.#listeners.size > 0) await this.#patience.pause(failures);
    }
    // It is nobody's any more, and may have passed when there is somebody again.
    this.#failure = undefined;
    this.#isRunning = false;
  }

  async #open(): Promise<Line | undefined> {
    let line: Line | undefined;
    let isLost = false;
    const onMessage = (channel: string, message: string) => {
      if (line !== undefined) this.#hear(line, channel, message);
    };
    const onLost = () => {
      isLost = true;
      if (line !== undefined) this.#lose(line);
    };
    // Within a function, so that one that throws at once is one that rejects.
    const opening = (async () => await this.#listen(onMessage, onLost))();
    try {
      const subscriber = await this.#patience.bounded(opening, this.#connectTimeout);
      line = { subscriber, isLost: false, isAlive: true };
      if (isLost || this.#isClosed) this.#lose(line);
      return line;
    } catch (error) {
      this.#failure = error;
      opening.then((late) => closeQuietly(late), () => {});
      return undefined;
    }
  }

  /** Subscribes to what is asked for until the connection is lost, or nobody listens any more. Says whether it worked. */
  async #serve(line: Line): Promise<boolean> {
    this.#line = line;
    for (const channel of this.#listeners.keys()) this.#changed.add(channel);
    let worked = false;
    void this.#beat(line);
    try {
      while (!line.isLost) {
        if (this.#changed.size > 0) {
          await this.#settle(line);
          worked = true;
          this.#failure = undefined;
        } else if (!await this.#wait() && this.#listeners.size === 0) {
          break;
        }
      }
    } catch (error) {
      if (!line.isLost) this.#failure = error;
    }
    this.#lose(line);
    return worked;
  }

  /** Tells the engine of what has changed, all at once. */
  async #settle({ subscriber }: Line): Promise<void> {
    const changed = [...this.#changed];
    this.#changed.clear();
    const wanted = changed.filter((each) => this.#listeners.has(each) && !this.#confirmed.has(each));
    const unwanted = changed.filter((each) => !this.#listeners.has(each) && this.#confirmed.delete(each));
    const calls: Promise<unknown>[] = [];
    if (unwanted.length > 0) calls.push(subscriber.unsubscribe(unwanted));
    if (wanted.length > 0) calls.push(subscriber.subscribe(wanted));
    await this.#patience.bounded(Promise.all(calls));
    // Lost meanwhile, whatever the client says of it.
    if (this.#line?.subscriber !== subscriber) return;
    for (const channel of wanted) {
      this.#confirmed.add(channel);
      for (const listener of this.#listeners.get(channel) ?? []) listener.missed();
    }
  }

  /** Waits for something to do, and says whether there is something. With nobody to listen it does not wait for ever. */
  #wait(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#listeners.size > 0 ? undefined : this.#clock.setTimeout(() => {
        this.#wake = undefined;
        resolve(false);
      }, this.#idle);
      this.#wake = () => {
        this.#wake = undefined;
        this.#clock.clearTimeout(timer);
        resolve(true);
      };
    });
  }

  /** Tries the connection again and again: one that is half open takes whatever is sent, and brings nothing. */
  async #beat(line: Line): Promise<void> {
    while (!line.isLost) {
      line.isAlive = false;
      const answered = this.#patience.bounded(line.subscriber.ping(), LONGEST_SILENCE);
      // Messages that come are as good as an answer, which may stand in line behind many.
      await answered.then(() => line.isAlive = true, () => {});
      if (!line.isAlive) return this.#lose(line);
      await this.#patience.sleep(BEAT);
    }
  }

  #hear(line: Line, channel: string, message: string): void {
    line.isAlive = true;
    if (line.isLost) return;
    for (const listener of this.#listeners.get(channel) ?? []) listener.heard(message);
  }

  #lose(line: Line): void {
    if (line.isLost) return;
    line.isLost = true;
    closeQuietly(line.subscriber);
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#confirmed.clear();
    this.#wake?.();
  }

  /** While the engine does not tell, whoever listens has to look. */
  #pollLater(): void {
    if (this.#polls !== undefined || this.#isClosed) return;
    this.#polls = this.#clock.setTimeout(() => {
      this.#polls = undefined;
      let isDown = false;
      for (const [channel, listeners] of this.#listeners) {
        if (this.#confirmed.has(channel)) continue;
        isDown = true;
        for (const listener of listeners) listener.missed();
      }
      if (isDown) this.#pollLater();
    }, spread(this.#clock, POLL, 0.9, 1.1));
  }
}

function closeQuietly(subscriber: Subscriber): void {
  try {
    subscriber.close();
  } catch {
    // It was closed already.
  }
}
