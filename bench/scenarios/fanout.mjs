// (a) and (b) measure what one delivery costs the server.
import { clientsBecome, connect, metered, publishTurns } from "./steps.mjs";

// Enough turns for the slow, and enough time for the quick.
const SIZES = { warmUp: { turns: 5, milliseconds: 700 }, measured: { turns: 10, milliseconds: 1_000 } };

export const fanout = (letter, title, perTurn, sizes, goals) => ({
  id: `${letter}-fan-out-${perTurn}`,
  title: `(${letter}) ${title}`,
  // An application that gathers a turn's messages itself differs only where there are several.
  gathering: perTurn > 1,
  detour: true,
  http2: true,
  beside: true,
  server: { keepalive: false },
  sizes,
  figures: {
    cpu: { label: "CPU per delivery", unit: "µs", digits: 2, chart: true },
    // Of those that drop some: a figure per delivery says little without it.
    delivered: { label: "delivered", unit: "%", digits: 0, note: true },
    // What the messages themselves cost, however many receive them, is not in this one.
    ...sizes.full.range !== undefined &&
      { further: { label: "CPU per delivery to a further client", unit: "µs", digits: 2 } },
  },
  goals,
  async run(context, { clients, range, ...times }) {
    const { contender: { lossy } } = context;
    let { cpu, turns, received, checked, published } = await publishTo(context, clients, {
      perTurn,
      ...times,
    });
    const figures = { cpu: cpu / received };
    if (lossy) figures.delivered = 100 * received / (clients * turns * perTurn);
    if (range !== undefined) {
      // What a turn takes, by the number of clients: what it takes without any is in both.
      const taken = [];
      for (const count of range) {
        const to = await publishTo(context, count, { perTurn, ...times, published });
        taken.push(to.cpu / to.turns);
        published = to.published;
        if (to.checked.faults > 0) checked = { ...to.checked, faults: checked.faults + to.checked.faults };
      }
      figures.further = (taken[1] - taken[0]) / (perTurn * (range[1] - range[0]));
    }
    return { figures, ...checked };
  },
});

/** Publishes to so many clients, who come and go for it, after `published` messages to others. */
async function publishTo(context, clients, { perTurn, warmUp, measured, published = 0 }) {
  const { server, load, kind, contender: { lossy } } = context;
  await connect(context, { count: clients, kind });
  const warmed = perTurn * await publishTurns(context, { ...warmUp, perTurn });
  const { events: before } = await load.ask("total");
  let turns;
  const { cpu } = await metered(server, async () => {
    turns = await publishTurns(context, { ...measured, perTurn, received: warmed });
  });
  const received = (await load.ask("total")).events - before;
  const last = published + warmed + turns * perTurn;
  const checked = await load.ask("check", { first: published + 1, last, lossy });
  await load.ask("leave");
  await clientsBecome(server, 0);
  return { cpu, turns, received, checked, published: last };
}

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
