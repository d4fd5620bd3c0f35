/**
 * Is a client that reads all the time, and comes back with its last id when its stream ends, as an EventSource does.
 *
 * @module
 */

import { createParser } from "eventsource-parser";
import type { Gap } from "../../mod.ts";
import { sleep, until } from "./wait.ts";

export interface Message {
  readonly kind: "message";
  readonly data: string;
  readonly id: string;
}

/** Counts the entries that have been destroyed: at most, while some are being destroyed, and exactly once that is over. */
export interface Faults {
  readonly count: number;
}

/** `faults` are those of the time when it came. */
export interface Notice extends Gap {
  readonly kind: "gap";
  readonly faults: Faults;
}

export interface HoppingOptions {
  /** What has been destroyed. Default: nothing. */
  readonly faults?: () => Faults;
  /** The id with which it comes for the first time. Default: none. */
  readonly from?: string | undefined;
}

export class HoppingClient {
  readonly steps: (Message | Notice)[] = [];
  /** Where it began. */
  first: string | undefined;
  readonly #connect: (
    lastEventId: string | undefined,
  ) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>;
  readonly #faults: () => Faults;
  readonly #seen = new Set<string>();
  #lastEventId: string | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #left = false;
  #isResting = false;
  #connections = 0;
  readonly #done: Promise<void>;

  /** @param connect Opens a stream, wherever it likes. What it throws is one more try. */
  constructor(
    connect: (
      lastEventId: string | undefined,
    ) => ReadableStream<Uint8Array> | Promise<ReadableStream<Uint8Array>>,
    { faults = () => ({ count: 0 }), from }: HoppingOptions = {},
  ) {
    this.#connect = connect;
    this.#faults = faults;
    this.first = this.#lastEventId = from;
    this.#done = this.#run();
  }

  async placed(): Promise<void> {
    await until(() => this.first !== undefined, "a client has its place");
  }

  /** How often it came. */
  get connections(): number {
    return this.#connections;
  }

  /** For a report. */
  get state(): string {
    return `at ${this.#lastEventId} of ${this.first}, ${this.#connections} connections`;
  }

  hasSeen(data: string): boolean {
    return this.#seen.has(data);
  }

  isTold(matches: (notice: Notice) => boolean): boolean {
    return this.steps.some((step) => step.kind === "gap" && matches(step));
  }

  summary(): string {
    const texts = this.steps.map((step) =>
      step.kind === "message"
        ? `${step.data}@${step.id}`
        : `gap(${step.reason} ${step.requested} ${step.resumedAt} ${step.faults.count})`
    );
    return texts.join(" ");
  }

  /** Goes elsewhere. */
  hop(): void {
    void this.#reader?.cancel().catch(() => {});
  }

  /** Stays away until it is to go on. */
  rest(): void {
    this.#isResting = true;
    this.hop();
  }

  goOn(): void {
    this.#isResting = false;
  }

  async leave(): Promise<void> {
    this.#left = true;
    this.hop();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#left) {
      if (!this.#isResting) {
        this.#connections++;
        await this.#read().catch(() => {});
      }
      await sleep(1);
    }
  }

  async #read(): Promise<void> {
    const stream = await this.#connect(this.#lastEventId);
    const reader = this.#reader = stream.getReader();
    // It was told to go while it came.
    if (this.#left || this.#isResting) return await reader.cancel();
    const decoder = new TextDecoder();
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        if (id !== undefined) this.#lastEventId = id;
        this.first ??= id;
        if (event === "gap") this.steps.push({ kind: "gap", ...JSON.parse(data), faults: this.#faults() });
        else if (event === undefined) {
          this.steps.push({ kind: "message", data, id: id! });
          this.#seen.add(data);
        }
      },
    });
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      parser.feed(decoder.decode(chunk.value, { stream: true }));
    }
  }
}
