// (k) and (l) measure more than one process, over Redis.
import { connect, delaysAtRate, metered } from "./steps.mjs";
import { fanout } from "./fanout.mjs";

// Redis takes turns that are not all handed out yet.
const SIZES = { warmUp: { turns: 5, milliseconds: 700 }, measured: { turns: 10, milliseconds: 1_000 } };

export const overRedis = {
  ...fanout("k", "20 messages a turn to 1,000 clients, published through Redis", 20, {
    full: { clients: 1_000, ...SIZES },
    quick: { clients: 100, ...SIZES },
  }, [{ of: "tidings redis", figure: "cpu", against: "tidings", most: 1.15 }]),
  gathering: false,
  contenders: ["tidings", "tidings redis"],
};

export const across = {
  id: "l-across",
  title: "(l) From one process to another through Redis: 10 clients",
  contenders: ["tidings redis", "socket.io redis"],
  nodes: 2,
  server: { keepalive: false },
  sizes: {
    full: { clients: 10, rate: 100, seconds: 4, flood: 20_000 },
    quick: { clients: 10, rate: 100, seconds: 2, flood: 2_000 },
  },
  figures: {
    p50: { label: "Delay at 100 messages a second, p50", unit: "ms", digits: 2, chart: true },
    p99: { label: "Delay at 100 messages a second, p99", unit: "ms", digits: 2 },
    rate: { label: "Messages a second, flat out", unit: "", digits: 0, chart: true, higherIsBetter: true },
    cpu: { label: "CPU of the reading process per message, flat out", unit: "µs", digits: 1 },
  },
  goals: [],
  async run({ server, receiver, load, port, kind }, { clients, rate, seconds, flood }) {
    await connect({ server: receiver, load, port }, { count: clients, kind, time: true });
    const { p50, p99, last } = await delaysAtRate({ server, load }, { rate, seconds, warmUp: 1 });
    let taken = 0;
    const used = await metered(receiver, async () => {
      const start = performance.now();
      server.tell("flood", { count: 20, messages: flood });
      await load.ask("reach", { events: last + flood });
      taken = (performance.now() - start) / 1000;
    });
    const checked = await load.ask("check", { first: 1, last: last + flood });
    return { figures: { p50, p99, rate: flood / taken, cpu: used.cpu / flood }, ...checked };
  },
};
