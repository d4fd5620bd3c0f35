// Is one of the two processes of a run: it starts streams or reads them, as its parent tells it.
import process from "node:process";
import { meter } from "../server/meter.mjs";
import { Sources } from "./source.mjs";
import { check, isLast } from "./tokens.mjs";

const sources = new Sources();
const errors = [];
let api;
/** Whoever reads here: what came, as it came. */
const readers = [];
/** What those got who came to half-done streams. */
let resumed = [];

class Listener {
  chunks = [];
  text = "";
  /** How it ended, if it has: what it was told, or what was thrown; and when. */
  ended;
  endedAt;
  #reader;

  constructor(stream) {
    this.stream = stream;
  }

  /** Resolves when there is something to read from. */
  async join() {
    this.#reader = await api.read(`s${this.stream}`);
    // What came is looked at afterwards: the looking is none of the contender's work.
    this.finished = this.#run();
  }

  async #run() {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) break;
        this.chunks.push(value);
      }
      this.ended = "closed";
    } catch (error) {
      this.ended = `failed: ${error.message}`;
    }
    this.endedAt = Date.now();
  }

  /** Counts what has come so far. */
  check(expected) {
    this.text += this.chunks.splice(0).map(api.text).join("");
    return { ...check(this.text, this.stream, expected), told: api.told(this.text) };
  }
}

const commands = {
  async open({ contender, url, lease }) {
    const { open } = await import(`./contenders/${contender}.mjs`);
    const onError = (error) => errors.push(error.message);
    api = await open(url, { lease, onError });
  },
  /** Connections, code and scripts: the first stream pays for that. Each process has one of its own, and reads it. */
  async warm({ name, tokens }) {
    const warming = new Sources();
    const id = `warm-${name}`;
    await api.start(id, warming.open(0, { tokens, every: 1, burst: 2 }, 0));
    const reader = await api.read?.(id);
    warming.go();
    if (reader === undefined) return;
    for (let over = false; !over;) over = (await reader.read()).done;
  },
  async start({ streams, ...shape }) {
    await Promise.all(
      Array.from(
        { length: streams },
        (_, stream) => api.start(`s${stream}`, sources.open(stream, shape, (stream + 1) / streams)),
      ),
    );
  },
  go: () => sources.go(),
  goOn: () => sources.goOn(),
  made: () => ({ made: sources.made, isOver: sources.isOver }),
  async join({ streams, readers: each }) {
    const joining = [];
    for (let stream = 0; stream < streams; stream++) {
      for (let i = 0; i < each; i++) readers.push(new Listener(stream));
    }
    for (const reader of readers) {
      joining.push(reader.join());
      // A hundred at a time, so that nobody runs into a time-out of its own.
      if (joining.length === 100) await Promise.all(joining.splice(0));
    }
    await Promise.all(joining);
  },
  async finished() {
    await Promise.all(readers.map(({ finished }) => finished));
  },
  check({ tokens }) {
    const all = readers.map((reader) => reader.check(tokens));
    return {
      tokens: all.reduce((sum, { tokens }) => sum + tokens, 0),
      faults: all.filter(({ fault }) => fault !== undefined).length,
      fault: all.find(({ fault }) => fault !== undefined)?.fault,
    };
  },
  async resume({ streams, times, tokens }) {
    const latencies = [];
    resumed = [];
    for (let i = 0; i < streams * times; i++) {
      const stream = i % streams;
      const chunks = [];
      const begun = performance.now();
      const reader = await api.read(`s${stream}`);
      while (chunks.length === 0 || !isLast(api.end(chunks.at(-1)), stream, tokens - 1)) {
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
      }
      latencies.push(performance.now() - begun);
      await reader.cancel();
      resumed.push({ stream, chunks });
      // What this one leaves behind is not to be the next one's.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return { latencies };
  },
  checkResumed({ tokens }) {
    const faults = resumed.map(({ stream, chunks }) =>
      check(chunks.map(api.text).join(""), stream, tokens).fault
    )
      .filter((fault) => fault !== undefined);
    return { faults: faults.length, fault: faults[0] };
  },
  /** Somebody who comes now: what each gets within a time, and how that ends. */
  async late({ streams, within }) {
    const begun = Date.now();
    const each = await Promise.all(Array.from({ length: streams }, async (_, stream) => {
      const reader = new Listener(stream);
      try {
        await reader.join();
        await Promise.race([reader.finished, new Promise((resolve) => setTimeout(resolve, within))]);
      } catch (error) {
        Object.assign(reader, { ended: `refused: ${error.message}`, endedAt: Date.now() });
      }
      return { ...reader.check(), ended: reader.ended, after: reader.endedAt && reader.endedAt - begun };
    }));
    return { each };
  },
  outcomes: () => ({
    each: readers.map((reader) => ({ ...reader.check(), ended: reader.ended, endedAt: reader.endedAt })),
  }),
  meter: ({ collect }) => meter({ size: () => readers.length }, { collect }),
  errors: () => ({ errors }),
  exit: () => process.exit(0),
};

process.on("message", async ({ command, id, ...rest }) => {
  try {
    const answer = await commands[command](rest);
    if (id !== undefined) process.send({ answers: id, ...answer });
  } catch (error) {
    process.send({ answers: id, failed: `${error.stack}` });
  }
});
process.on("disconnect", () => process.exit(1));
