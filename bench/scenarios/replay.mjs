// (f) measures clients that come back and want what they have missed, while more is published.
import { clientsBecome, connect, metered, publishTurns } from "./steps.mjs";

const MISSED = 100;
const LIVE = { turns: 20, every: 20 };
const PUBLISHED = 1 + MISSED + LIVE.turns;

export const replay = {
  id: "f-replay",
  title: "(f) 1,000 clients come back, with 100 messages each to replay",
  server: { keepalive: false, history: 1_000 },
  // Once to be compiled, for whom a crowd comes back to has run for some time; and once more to be measured.
  sizes: { full: { clients: 1_000, times: 4 }, quick: { clients: 100, times: 2 } },
  figures: {
    cpu: { label: "CPU per client", unit: "µs", digits: 0, chart: true },
    first: { label: "CPU per client, the first time in the process's life", unit: "µs", digits: 0 },
    complete: { label: "Complete, in order, none twice", unit: "%", digits: 1 },
    encodings: { label: "Calls of TextEncoder", unit: "", digits: 0 },
  },
  goals: [{ figure: "complete", least: 100 }, { figure: "cpu", against: "raw", most: 1 }],
  floor: "raw with a request",
  focus: ["tidings", "raw", "raw with a request"],
  async run(context, { clients, times }) {
    await context.server.ask("countEncodings");
    const passes = [];
    for (let i = 0; i < times; i++) passes.push(await comeBack(context, clients, i * PUBLISHED));
    const { cpu, encodings } = passes.at(-1);
    const faults = passes.reduce((sum, each) => sum + each.faults, 0);
    return {
      figures: { cpu, first: passes[0].cpu, complete: 100 * (1 - faults / (times * clients)), encodings },
      faults,
      fault: passes.find(({ fault }) => fault)?.fault,
    };
  },
};

/** So many clients come back after `published` messages of which nothing is told here. */
async function comeBack(context, clients, published) {
  const { server, load } = context;
  // One client shows which id the first message had; all others claim to have seen that one, and nothing after.
  await connect(context, { count: 1 });
  await publishTurns(context, { turns: 1 + MISSED, perTurn: 1 });
  const { events: [{ id }] } = await load.ask("received");
  await load.ask("leave");
  await clientsBecome(server, 0);
  await server.ask("meter", { collect: true });

  const used = await metered(server, async () => {
    await Promise.all([
      connect(context, { count: clients, checkAll: true, headers: { "Last-Event-ID": id } }),
      server.ask("pace", { ...LIVE, count: 1 }),
    ]);
    await load.ask("reach", { events: PUBLISHED - 1 });
  });
  const checked = await load.ask("check", { first: published + 2, last: published + PUBLISHED });
  await load.ask("leave");
  await clientsBecome(server, 0);
  return { cpu: used.cpu / clients, encodings: used.encodings, ...checked };
}
