// (g): how long a message takes from `publish` to the client.
import { clockDifference, connect } from "./steps.mjs";

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
  focus: ["tidings", "raw"],
  rounds: 3,
  async run(context, { clients, rate, seconds, warmUp }) {
    const { server, load } = context;
    await connect(context, { count: clients, time: true });
    const publish = (time) => server.ask("pace", { turns: rate * time, every: 1000 / rate, count: 1 });
    await publish(warmUp);
    const skip = rate * warmUp;
    await load.ask("reach", { events: skip });
    const ahead = await clockDifference(server, load);
    const { times } = await publish(seconds);
    const last = skip + times.length;
    await load.ask("reach", { events: last });
    const published = times.map((time) => time + ahead);
    const { delays: [p50, p99] } = await load.ask("delays", {
      ...{ published, perTurn: 1, skip },
      quantiles: [0.5, 0.99],
    });
    return { figures: { p50, p99 }, ...await load.ask("check", { first: 1, last }) };
  },
};
