// (g) measures how long a message takes from `publish` to the client.
import { connect, delaysAtRate } from "./steps.mjs";

export const delay = {
  id: "g-delay",
  title: "(g) Delay from publish to receipt, 1,000 clients, 25 messages a second",
  server: { keepalive: false },
  sizes: {
    full: { clients: 1_000, rate: 25, seconds: 4, warmUp: 1 },
    quick: { clients: 100, rate: 25, seconds: 2, warmUp: 1 },
  },
  figures: {
    p50: { label: "p50", unit: "ms", digits: 2, chart: true },
    p99: { label: "p99", unit: "ms", digits: 2, chart: true },
  },
  goals: [],
  beside: true,
  focus: ["tidings", "raw"],
  rounds: 3,
  async run(context, { clients, rate, seconds, warmUp }) {
    await connect(context, { count: clients, time: true });
    const { p50, p99, last } = await delaysAtRate(context, { rate, seconds, warmUp });
    return { figures: { p50, p99 }, ...await context.load.ask("check", { first: 1, last }) };
  },
};
