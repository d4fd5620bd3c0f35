// Reads as an EventSource does, with a parser that is not ours, and hops from node to node with its last event's id.
import { createParser } from "eventsource-parser";
import { sleep } from "./wait.mjs";

const PAUSE = 20;

export class Reader {
  /** How many events it received in all. */
  received = 0;
  hops = 0;
  /** The number of the last event of each publisher that it has. */
  latest = new Map();
  #pick;
  #account;
  #lastEventId;
  #abort = new AbortController();
  #rest = 0;
  #isOver = false;
  #done;

  /**
   * @param {() => { kind: string, port: number } | undefined} pick the node to go to
   * @param {object} account what {@linkcode Account.reader} gave
   */
  constructor(pick, account) {
    this.#pick = pick;
    this.#account = account;
    this.#done = this.#run();
  }

  get isPlaced() {
    return this.#lastEventId !== undefined;
  }

  /** Breaks off, and comes back elsewhere after so many milliseconds. */
  hop(rest) {
    this.hops++;
    this.#rest = rest;
    this.#abort.abort();
  }

  async leave() {
    this.#isOver = true;
    this.#abort.abort();
    await this.#done;
  }

  async #run() {
    while (!this.#isOver) {
      const node = this.#pick();
      this.#abort = new AbortController();
      // A node that was killed, that drains, or that is not there yet: come back.
      if (node !== undefined) await this.#read(node, this.#abort.signal).catch(() => {});
      await sleep(PAUSE + this.#rest);
      this.#rest = 0;
    }
  }

  async #read({ kind, port }, signal) {
    const headers = { accept: "text/event-stream" };
    if (this.#lastEventId !== undefined) headers["last-event-id"] = this.#lastEventId;
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers, signal });
    if (response.status !== 200) throw new Error(`${response.status}`);
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        // Nothing that comes after it broke off is looked at, for its id is not either.
        if (signal.aborted) return;
        if (this.#lastEventId === undefined) this.#account.placed(id);
        if (id !== undefined) this.#lastEventId = id;
        if (event === "gap") this.#account.gap(JSON.parse(data).resumedAt, kind);
        else if (event === undefined) this.#take(data, id, kind);
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body) parser.feed(decoder.decode(chunk, { stream: true }));
  }

  #take(data, id, kind) {
    const [source, text] = data.split(":");
    const number = Number(text);
    this.received++;
    this.latest.set(source, number);
    this.#account.received(source, number, id, kind);
  }
}
