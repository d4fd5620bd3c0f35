// (k), (n) and (l) measure what several processes share, over each engine.
import { ENGINES } from "../contenders/index.mjs";
import { connect, delaysAtRate, metered } from "./steps.mjs";
import { fanout } from "./fanout.mjs";

const OVER = [...ENGINES.map((engine) => `tidings ${engine}`), "redis by hand"];
// Engines take turns that are not all handed out yet.
const SIZES = { warmUp: { turns: 5, milliseconds: 1_500 }, measured: { turns: 10, milliseconds: 2_500 } };

/** @param {{ full?: object, quick?: object }} ranges the numbers of clients between which a further one is measured */
const published = (letter, title, perTurn, goals, { full, quick } = {}) => ({
  ...fanout(letter, title, perTurn, {
    full: { clients: 1_000, ...full, ...SIZES },
    quick: { clients: 100, ...quick, ...SIZES },
  }, goals),
  gathering: false,
  contenders: ["tidings", ...OVER, "sqlite by hand"],
});

const against = (of, figure, most) => ({ of: `tidings ${of}`, figure, against: "tidings", most });

export const twentyOverEngines = {
  ...published("k", "20 messages a turn to 1,000 clients, published through an engine", 20, [
    against("redis", "cpu", 1.15),
    // A database costs something for each message, and nothing for each client.
    ...["sqlite normal", "sqlite full", "postgres"].map((name) => against(name, "further", 1.1)),
  ], {
    // With 100 clients a turn's own work took half as long as with 1,000, and the rest was counted to the clients.
    full: { range: [500, 2_000] },
    quick: { range: [50, 200] },
  }),
  // Side by side with its clients the server took a fifth more or less from one run to the next.
  oneCore: true,
};

export const oneOverEngines = published(
  "n",
  "One message a turn to 1,000 clients, published through an engine",
  1,
  [],
);

export const across = {
  id: "l-across",
  title: "(l) From one process to another through an engine: 10 clients",
  contenders: [...OVER, "socket.io redis"],
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
    publisher: { label: "CPU of the publishing process per message, flat out", unit: "µs", digits: 1 },
  },
  goals: [
    { of: "tidings sqlite normal", figure: "p50", most: 15 },
    { of: "tidings sqlite normal", figure: "rate", least: 10_000 },
    { of: "tidings postgres", figure: "p50", most: 10 },
    { of: "tidings postgres", figure: "rate", least: 5_000 },
  ],
  async run({ server, receiver, load, port, kind }, { clients, rate, seconds, flood }) {
    await connect({ server: receiver, load, port }, { count: clients, kind, time: true });
    const { p50, p99, last } = await delaysAtRate({ server, load }, { rate, seconds, warmUp: 1 });
    let taken = 0;
    let used;
    const publisher = await metered(server, async () => {
      used = await metered(receiver, async () => {
        const start = performance.now();
        server.tell("flood", { count: 20, messages: flood });
        await load.ask("reach", { events: last + flood });
        taken = (performance.now() - start) / 1000;
      });
    });
    const checked = await load.ask("check", { first: 1, last: last + flood });
    return {
      figures: { p50, p99, rate: flood / taken, cpu: used.cpu / flood, publisher: publisher.cpu / flood },
      ...checked,
    };
  },
};
