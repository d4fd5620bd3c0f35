// (a) and (b) measure what one delivery costs the server.
import { connect, metered, publishTurns } from "./steps.mjs";

// Enough turns for the slow, and enough time for the quick.
const SIZES = { warmUp: { turns: 5, milliseconds: 700 }, measured: { turns: 10, milliseconds: 1_000 } };

export const fanout = (letter, title, perTurn, sizes, goals) => ({
  id: `${letter}-fan-out-${perTurn}`,
  title: `(${letter}) ${title}`,
  // An application that gathers a turn's messages itself differs only where there are several.
  gathering: perTurn > 1,
  detour: true,
  beside: true,
  server: { keepalive: false },
  sizes,
  figures: {
    cpu: { label: "CPU per delivery", unit: "µs", digits: 2, chart: true },
    // Of those that drop some: a figure per delivery says little without it.
    delivered: { label: "delivered", unit: "%", digits: 0, note: true },
  },
  goals,
  async run(context, { clients, warmUp, measured }) {
    const { server, load, contender: { lossy } } = context;
    await connect(context, { count: clients });
    const received = perTurn * await publishTurns(context, { ...warmUp, perTurn });
    const { events: before } = await load.ask("total");
    let turns;
    const used = await metered(server, async () => {
      turns = await publishTurns(context, { ...measured, perTurn, received });
    });
    const { events } = await load.ask("total");
    const checked = await load.ask("check", { first: 1, last: received + turns * perTurn, lossy });
    const delivered = lossy && 100 * (events - before) / (clients * turns * perTurn);
    return { figures: { cpu: used.cpu / (events - before), ...lossy && { delivered } }, ...checked };
  },
});

export const oneATurn = fanout("a", "One message a turn to 1,000 clients", 1, {
  full: { clients: 1_000, ...SIZES },
  quick: { clients: 100, ...SIZES },
}, [
  { figure: "cpu", against: "raw", most: 1.1 },
  { figure: "cpu", against: "best peer", most: 0.6, runtimes: ["node"] },
]);

export const twentyATurn = fanout("b", "20 messages a turn to 1,000 clients", 20, {
  full: { clients: 1_000, ...SIZES },
  quick: { clients: 100, ...SIZES },
}, [
  { figure: "cpu", against: "best peer", most: 0.15 },
  // For comparison: the application does part of the work there.
  { figure: "cpu", against: "best gathering peer" },
]);
