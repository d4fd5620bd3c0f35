/**
 * The process under test: one contender on one runtime. It is told what to do by lines of JSON on its standard input,
 * and answers in lines of JSON on its standard output; so it publishes by itself, and meters itself.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { countEncodings, meter } from "./meter.mjs";
import { Messages, Trades } from "./messages.mjs";
import { pace } from "./pace.mjs";

// Whatever happens, it does not outlive its run.
const LONGEST_LIFE = 300_000;
// A contender that queues without bound is stopped before it takes the machine with it.
const MOST_MEMORY = 6 * 2 ** 30;

let life = setTimeout(() => process.exit(3), LONGEST_LIFE);
life.unref();
setInterval(() => {
  if (process.memoryUsage().rss > MOST_MEMORY) process.exit(4);
}, 500).unref();

let running;
let messages;
let gathers = false;

function turn(count, topic) {
  if (gathers) return running.publishAll(Array.from({ length: count }, () => messages.next(topic)));
  for (let i = 0; i < count; i++) running.publish(messages.next(topic));
}

const commands = {
  async start({ file, bytes, payload, longestLife, ...options }) {
    const { start } = await import(`../contenders/${file}.mjs`);
    gathers = options.gathers === true;
    if (longestLife !== undefined) {
      clearTimeout(life);
      life = setTimeout(() => process.exit(3), longestLife);
      life.unref();
    }
    messages = payload === "trades" ? new Trades() : new Messages(bytes);
    running = await start(options);
    return { port: running.port };
  },
  /** One turn with so many messages. Not answered: that all of them arrived is seen at the other end. */
  turn({ count, topic }) {
    turn(count, topic);
  },
  /** Turns one after the other, as fast as they are acknowledged where a contender says so. Not answered. */
  async flood({ count, messages: total }) {
    for (let i = 0; i < total; i += count) {
      let last;
      for (let j = 0; j < count; j++) last = running.publish(messages.next());
      if (i % 1_000 === 0) await last;
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
  /** Turns at a fixed rate. With `topics` they go to so many of them in turn. */
  pace({ turns, every, count, topic, topics }) {
    let n = 0;
    return pace({ turns, every }, () => turn(count, topics === undefined ? topic : `t${n++ % topics}`));
  },
  meter: ({ collect }) => meter(running, { collect }),
  countEncodings() {
    countEncodings();
    return {};
  },
  now: () => ({ now: performance.now() }),
  exit: () => process.exit(0),
};

createInterface({ input: process.stdin }).on("line", async (line) => {
  const { command, id, ...rest } = JSON.parse(line);
  const answer = await commands[command](rest);
  if (answer !== undefined) process.stdout.write(`${JSON.stringify({ answers: id, ...answer })}\n`);
}).on("close", () => process.exit(0));
