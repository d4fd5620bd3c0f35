// (d) measures what clients that never read cost the server, and those that do read.
import { clockDifference, connect, metered } from "./steps.mjs";

const BYTES = 16_384;

export const stalled = {
  id: "d-stalled",
  title: "(d) 400 clients of which 100 never read, at 1 MB/s each",
  server: { keepalive: false, bytes: BYTES },
  // 60 messages of 16 KB a second: 300 MB/s in all. With three times as many readers it would be more than one process can
  // send and another receive over the loopback, and then the delay tells of that alone. The kernel takes some megabytes for
  // each client that does not read: until that is full, in the first seconds, nobody is stalled yet.
  sizes: {
    full: { readers: 300, idlers: 100, rate: 60, fill: 4, seconds: 6 },
    quick: { readers: 45, idlers: 5, rate: 60, fill: 4, seconds: 2 },
  },
  variants: [{ stall: false }, { stall: true }],
  figures: {
    memory: { label: "Memory more than without them", unit: "MB", digits: 1, chart: true },
    slower: { label: "The others' p99, against without them", unit: "×", digits: 2 },
    p99: { label: "The others' p99", unit: "ms", digits: 1 },
    before: { label: "p99 without them", unit: "ms", digits: 1 },
    cpu: { label: "CPU per delivery to the others", unit: "µs", digits: 2 },
  },
  goals: [{ figure: "memory", most: 4 }, { figure: "slower", most: 1.2 }],
  floor: "raw that skips",
  focus: ["tidings", "raw that skips"],
  alone: true,
  rounds: 3,
  async run(context, { readers, idlers, rate, fill, seconds, stall }) {
    const { server, load } = context;
    await connect(context, { count: readers, time: true });
    if (stall) await connect(context, { count: idlers, role: "stalled" });
    const ahead = await clockDifference(server, load);
    const turns = rate * (fill + seconds);
    const limit = { limit: 4_000 * (fill + seconds) };
    let times;
    const used = await metered(server, async () => {
      ({ times } = await server.ask("pace", { turns, every: 1000 / rate, count: 1 }, limit));
      await load.ask("reach", { events: turns }, limit);
    });
    const { rss } = await server.ask("meter", { collect: true });
    const skip = rate * fill;
    const published = times.slice(skip).map((time) => time + ahead);
    const { delays } = await load.ask("delays", { published, perTurn: 1, skip, quantiles: [0.99] });
    return {
      rss,
      p99: delays[0],
      cpu: used.cpu / (readers * turns),
      ...await load.ask("check", { first: 1, last: turns }),
    };
  },
  combine: ([without, beside]) => ({
    memory: (beside.rss - without.rss) / 2 ** 20,
    slower: beside.p99 / without.p99,
    p99: beside.p99,
    before: without.p99,
    cpu: beside.cpu,
  }),
  // One hiccup of the machine in a run without them would make a round's ratio look good, and one beside them bad.
  derive: ({ p99, before }) => ({ slower: p99 / before }),
};
