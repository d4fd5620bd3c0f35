// (j): compression. The same messages as they are, packed once for all, and packed for each client by itself.
import { connect, metered, publishTurns } from "./steps.mjs";

// Enough turns for the slow, and enough time for the quick.
const SIZES = { warmUp: { turns: 5, milliseconds: 700 }, measured: { turns: 10, milliseconds: 1_000 } };

const packed = (perTurn, focus, sizes, goals) => ({
  id: `j-packed-${perTurn}`,
  title: `(j) Compression: ${perTurn === 1 ? "one trade" : `${perTurn} trades`} a turn to 1,000 clients`,
  packing: true,
  server: { keepalive: false, payload: "trades" },
  sizes,
  figures: {
    cpu: { label: "CPU per delivery", unit: "µs", digits: 2, chart: true },
    bytes: { label: "Bytes per delivery", unit: "B", digits: 1, chart: true },
    memory: { label: "Resident memory a connection, afterwards", unit: "KB", digits: 1 },
  },
  goals,
  focus,
  rounds: 3,
  async run(context, { clients, warmUp, measured }) {
    const { server, load } = context;
    const before = await server.ask("meter", { collect: true });
    await connect(context, { count: clients, packed: true });
    const received = perTurn * await publishTurns(context, { ...warmUp, perTurn });
    let turns;
    const used = await metered(server, async () => {
      turns = await publishTurns(context, { ...measured, perTurn, received });
    });
    const checked = await load.ask("check", { first: 1, last: received + turns * perTurn, chunked: false });
    const after = await server.ask("meter", { collect: true });
    return {
      ...checked,
      figures: {
        cpu: used.cpu / (clients * turns * perTurn),
        bytes: checked.bytes / checked.events,
        memory: (after.rss - before.rss) / clients / 1024,
      },
    };
  },
});

const own = { of: "tidings gzip" };

export const packedTwenty = packed(20, ["tidings", "tidings gzip", "hono gzip", "h3 gzip"], {
  full: { clients: 1_000, ...SIZES },
  quick: { clients: 100, ...SIZES },
}, [
  { ...own, figure: "cpu", against: "tidings", most: 1.15 },
  { ...own, figure: "cpu", against: "hono gzip", most: 0.2 },
  { ...own, figure: "cpu", against: "h3 gzip", most: 0.2 },
  { ...own, figure: "bytes", against: "tidings", most: 0.35 },
  { ...own, figure: "memory", over: "tidings", most: 1 },
]);

// No goals: for comparison, in the first round only.
export const packedOne = packed(1, [], {
  full: { clients: 1_000, ...SIZES },
  quick: { clients: 100, ...SIZES },
}, [
  { ...own, figure: "cpu", against: "tidings" },
  { ...own, figure: "cpu", against: "hono gzip" },
  { ...own, figure: "cpu", against: "h3 gzip" },
  { ...own, figure: "bytes", against: "tidings" },
  { ...own, figure: "memory", over: "tidings" },
]);
