/** Grows one answer on the server, whoever reads it and from whichever place. */

import type { ServerSentEvent } from "tidings";

/** How an answer ended. */
export type Outcome = "complete" | "stopped" | "abandoned" | "failed";

export interface AnswerOptions {
  readonly question: string;
  /** Makes the tokens, until the signal says to stop. */
  readonly generate: (signal: AbortSignal) => AsyncIterable<string>;
  /** Milliseconds after which an answer without a reader is stopped. */
  readonly patience: number;
  /** Told when the generator has ended. */
  readonly onEnd: (answer: Answer) => void;
}

export class Answer {
  readonly tokens: string[] = [];
  /** `undefined` while it grows. */
  outcome: Outcome | undefined;
  readonly #options: AnswerOptions;
  readonly #stopping = new AbortController();
  readonly #readers = new Set<() => void>();
  #alone: ReturnType<typeof setTimeout> | undefined;

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#wait();
    void this.#grow();
  }

  /**
   * The answer as events: the question with the id 0, token n with the id n, and then the end. In between, once and
   * without an id, `live` says that all that had been made before has been read.
   *
   * @param after The id of the last event that the reader has; -1 for none.
   */
  async *read(after: number, signal: AbortSignal): AsyncGenerator<ServerSentEvent, void> {
    let wake = () => {};
    const reader = () => wake();
    signal.addEventListener("abort", reader);
    this.#readers.add(reader);
    clearTimeout(this.#alone);
    let live = false;
    try {
      let next = after + 1;
      if (next === 0) {
        yield { event: "question", id: "0", data: { question: this.#options.question } };
        next = 1;
      }
      while (!signal.aborted) {
        if (next <= this.tokens.length) {
          yield { event: "token", id: String(next), data: this.tokens[next - 1] };
          next++;
        } else if (this.outcome !== undefined) {
          yield {
            event: "end",
            id: String(this.lastId),
            data: { outcome: this.outcome, tokens: this.tokens.length },
          };
          return;
        } else if (!live) {
          live = true;
          yield { event: "live", data: { tokens: this.tokens.length } };
        } else await new Promise<void>((resolve) => wake = resolve);
      }
    } finally {
      signal.removeEventListener("abort", reader);
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#wait();
    }
  }

  /** The id of the last event that there is. */
  get lastId(): number {
    return this.tokens.length + (this.outcome === undefined ? 0 : 1);
  }

  /** Ends the generator. What it has made so far stays. */
  stop(outcome: Outcome = "stopped"): void {
    if (this.outcome !== undefined) return;
    clearTimeout(this.#alone);
    this.outcome = outcome;
    this.#stopping.abort();
    this.#tell();
  }

  async #grow(): Promise<void> {
    const { generate, onEnd } = this.#options;
    try {
      for await (const token of generate(this.#stopping.signal)) {
        if (this.outcome !== undefined) break;
        this.tokens.push(token);
        this.#tell();
      }
      this.stop("complete");
    } catch (error) {
      console.error("tokens: the generator failed", error);
      this.stop("failed");
    }
    onEnd(this);
  }

  #tell(): void {
    for (const reader of this.#readers) reader();
  }

  #wait(): void {
    if (this.outcome !== undefined) return;
    this.#alone = setTimeout(() => this.stop("abandoned"), this.#options.patience);
  }
}
