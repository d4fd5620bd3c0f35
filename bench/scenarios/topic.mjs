// (e) measures whether publishing costs what it reaches, or what there is.
import { connect, metered } from "./steps.mjs";

const READERS = 10;
const EVERY = 2;

export const topic = {
  id: "e-topic",
  title: "(e) 10,000 clients, 10 of them subscribed to the topic",
  server: { keepalive: false },
  sizes: { full: { all: 10_000, turns: 600 }, quick: { all: 500, turns: 300 } },
  files: 10_500,
  variants: [{ alone: true }, { alone: false }],
  figures: {
    ratio: { label: "CPU, against 10 clients of 10", unit: "×", digits: 2, chart: true },
    cpu: { label: "CPU per delivery", unit: "µs", digits: 2 },
  },
  goals: [{ figure: "ratio", most: 1.3 }],
  focus: ["tidings"],
  alone: true,
  async run(context, { all, turns, alone }) {
    const { server, load } = context;
    if (!alone) await connect(context, { count: all - READERS, topic: "other", role: "idle" });
    await connect(context, { count: READERS, topic: "wanted" });
    const publish = async (received) => {
      await server.ask("pace", { turns, every: EVERY, count: 1, topic: "wanted" });
      await load.ask("reach", { events: received + turns });
    };
    await publish(0);
    const used = await metered(server, () => publish(turns));
    return { cpu: used.cpu / (READERS * turns), ...await load.ask("check", { first: 1, last: 2 * turns }) };
  },
  combine: ([ten, thousands]) => ({ ratio: thousands.cpu / ten.cpu, cpu: thousands.cpu }),
};
