// Makes the tokens: for each stream a ReadableStream of text, at a pace that does not depend on who reads it.
import { frameOf } from "./tokens.mjs";

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** All sources of a process. They begin together when they are told to, and stand still where they are told to. */
export class Sources {
  /** How many tokens were made so far. */
  made = 0;
  #running = 0;
  #begun;
  #begin;
  #whenBegun = new Promise((resolve) => this.#begin = resolve);
  #goOn;
  #whenOn = new Promise((resolve) => this.#goOn = resolve);

  /** Whether all that were opened have come to their end. */
  get isOver() {
    return this.#running === 0;
  }

  go() {
    this.#begun = performance.now();
    this.#begin();
  }

  /** Lets those go on that stand at `pause`. */
  goOn() {
    this.#begun = undefined;
    this.#goOn();
  }

  /**
   * @param {{ tokens: number, every: number, burst: number, pause?: number }} shape `burst` tokens come together, and then
   * nothing for `every` milliseconds; it stands still after `pause` tokens
   * @param {number} phase from 0 to 1: where in that time its own beat is
   */
  open(stream, { tokens, every, burst, pause = Infinity }, phase) {
    let made = 0;
    let from = 0;
    let begun;
    this.#running++;
    return new ReadableStream({
      pull: async (controller) => {
        await this.#whenBegun;
        begun ??= this.#begun;
        if (made === tokens) {
          this.#running--;
          controller.close();
          return;
        }
        if (made === pause) {
          await this.#whenOn;
          begun = performance.now();
          from = made;
        }
        const due = begun + ((made - from) / burst + phase) * every;
        const wait = due - performance.now();
        if (wait > 0) await sleep(wait);
        const most = Math.min(made + burst, made < pause ? pause : Infinity, tokens);
        this.made += most - made;
        for (; made < most; made++) controller.enqueue(frameOf(stream, made));
      },
    }, { highWaterMark: 0 });
  }
}
