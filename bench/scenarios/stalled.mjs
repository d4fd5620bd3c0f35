// (d): what clients that never read cost the server, and those that do read.
import { clockDifference, connect, metered } from "./steps.mjs";

const BYTES = 16_384;

export const stalled = {
  id: "d-stalled",
  title: "(d) 200 clients of which 20 never read, at 1.5 MB/s each",
  server: { keepalive: false, bytes: BYTES },
  // 96 messages of 16 KB a second: 270 MB/s in all. Five times as many clients would be more than one process can send and
  // another receive over the loopback, and then the delay tells of that alone. The kernel takes some megabytes for each
  // client that does not read, which is why it lasts until well beyond that.
  sizes: {
    full: { readers: 180, idlers: 20, rate: 96, seconds: 8 },
    quick: { readers: 45, idlers: 5, rate: 96, seconds: 4 },
  },
  variants: [{ stall: false }, { stall: true }],
  figures: {
    memory: { label: "Memory more than without them", unit: "MB", digits: 1, chart: true },
    slower: { label: "The others' p99, against without them", unit: "×", digits: 2 },
    p99: { label: "The others' p99", unit: "ms", digits: 1 },
    cpu: { label: "CPU per delivery to the others", unit: "µs", digits: 2 },
  },
  goals: [{ figure: "memory", most: 4 }, { figure: "slower", most: 1.2 }],
  focus: ["tidings"],
  alone: true,
  async run(context, { readers, idlers, rate, seconds, stall }) {
    const { server, load } = context;
    await connect(context, { count: readers, time: true });
    if (stall) await connect(context, { count: idlers, role: "stalled" });
    const ahead = await clockDifference(server, load);
    const turns = rate * seconds;
    const limit = { limit: 4 * seconds * 1000 };
    let times;
    const used = await metered(server, async () => {
      ({ times } = await server.ask("pace", { turns, every: 1000 / rate, count: 1 }, limit));
      await load.ask("reach", { events: turns }, limit);
    });
    const { rss } = await server.ask("meter", { collect: true });
    const published = times.map((time) => time + ahead);
    const { delays } = await load.ask("delays", { published, perTurn: 1, skip: 0, quantiles: [0.99] });
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
    cpu: beside.cpu,
  }),
};
