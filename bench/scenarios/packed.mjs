// (j) measures compression: the same messages as they are, packed once for all, and packed for each client by itself.
import { connect, metered, publishTurns, sleep } from "./steps.mjs";

const SERVER = { keepalive: false, payload: "trades" };
// Enough turns for the slow, and enough time for the quick.
const SIZES = { warmUp: { turns: 5, milliseconds: 700 }, measured: { turns: 10, milliseconds: 1_000 } };
// The peers, which are far away, run in the first round only.
const FOCUS = ["tidings", "tidings gzip"];

const PER_TURN = 20;

/** tidings puts a turn into one block, for all; what packs for each client is unpacked by each. */
const perBlock = ({ contender: { file, packs = false } }, perTurn) =>
  file === "tidings" ? packs ? perTurn : 0 : undefined;

const own = { of: "tidings gzip" };

const packed = (perTurn, goals) => ({
  id: `j-packed-${perTurn}`,
  title: `(j) Compression: ${perTurn === 1 ? "one trade" : `${perTurn} trades`} a turn to 1,000 clients`,
  packing: true,
  server: SERVER,
  sizes: { full: { clients: 1_000, ...SIZES }, quick: { clients: 100, ...SIZES } },
  figures: {
    cpu: { label: "CPU per delivery", unit: "µs", digits: 2, chart: true },
    bytes: { label: "Bytes per delivery", unit: "B", digits: 1, chart: true },
  },
  goals,
  focus: FOCUS,
  async run(context, { clients, warmUp, measured }) {
    const { server, load } = context;
    await connect(context, { count: clients, packed: true, perBlock: perBlock(context, perTurn) });
    const received = perTurn * await publishTurns(context, { ...warmUp, perTurn });
    let turns;
    const used = await metered(server, async () => {
      turns = await publishTurns(context, { ...measured, perTurn, received });
    });
    const checked = await load.ask("check", { first: 1, last: received + turns * perTurn });
    return {
      ...checked,
      figures: { cpu: used.cpu / (clients * turns * perTurn), bytes: checked.bytesEach },
    };
  },
});

export const packedTwenty = packed(20, [
  { ...own, figure: "cpu", against: "tidings", most: 1.15 },
  { ...own, figure: "cpu", against: "hono gzip", most: 0.2 },
  { ...own, figure: "cpu", against: "h3 gzip", most: 0.2 },
  { ...own, figure: "bytes", against: "tidings", most: 0.35 },
]);

// CPU has no goals: for comparison.
export const packedOne = packed(1, [
  { ...own, figure: "cpu", against: "tidings" },
  { ...own, figure: "cpu", against: "hono gzip" },
  { ...own, figure: "cpu", against: "h3 gzip" },
  { ...own, figure: "bytes", against: "tidings", most: 0.5 },
  { ...own, figure: "bytes", against: "hono gzip", most: 1 },
]);

export const packedMemory = {
  id: "j-packed-memory",
  title: "(j) Compression: memory of a connection that has received 20 trades a turn",
  packing: true,
  server: SERVER,
  // As in (c), beside connections that are there: what grows once, with the first of them, is not counted.
  sizes: {
    full: { first: 1_000, clients: 1_000, turns: 20 },
    quick: { first: 100, clients: 100, turns: 20 },
  },
  figures: { memory: { label: "Resident memory a connection", unit: "KB", digits: 1 } },
  goals: [{ ...own, figure: "memory", over: "tidings", most: 1 }],
  focus: FOCUS,
  async run(context, { first, clients, turns }) {
    const { server } = context;
    const grow = async (count) => {
      await connect(context, { count, packed: true, perBlock: perBlock(context, PER_TURN) });
      // Those that were there before have more than that, and are not waited for.
      await publishTurns(context, { turns, perTurn: PER_TURN });
      await sleep(500);
      return (await server.ask("meter", { collect: true })).rss;
    };
    const before = await grow(first);
    return { figures: { memory: (await grow(clients) - before) / clients / 1024 }, faults: 0 };
  },
};
