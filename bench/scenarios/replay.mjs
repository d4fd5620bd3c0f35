// (f) measures clients that come back and want what they have missed, while more is published.
import { connect, metered, publishTurns } from "./steps.mjs";

const MISSED = 100;
const LIVE = { turns: 20, every: 20 };

export const replay = {
  id: "f-replay",
  title: "(f) 1,000 clients come back, with 100 messages each to replay",
  server: { keepalive: false, history: 1_000 },
  sizes: { full: { clients: 1_000 }, quick: { clients: 100 } },
  figures: {
    cpu: { label: "CPU per client", unit: "µs", digits: 0, chart: true },
    complete: { label: "Complete, in order, none twice", unit: "%", digits: 1 },
    encodings: { label: "Calls of TextEncoder", unit: "", digits: 0 },
  },
  goals: [{ figure: "complete", least: 100 }],
  focus: ["tidings"],
  async run(context, { clients }) {
    const { server, load } = context;
    // One client shows which id the first message had; all others claim to have seen that one, and nothing after.
    await connect(context, { count: 1 });
    await publishTurns(context, { turns: 1 + MISSED, perTurn: 1 });
    const { events: [{ id }] } = await load.ask("received");
    await load.ask("leave");
    await server.ask("meter", { collect: true });
    await server.ask("countEncodings");

    const last = 1 + MISSED + LIVE.turns;
    const used = await metered(server, async () => {
      await Promise.all([
        connect(context, { count: clients, checkAll: true, headers: { "Last-Event-ID": id } }),
        server.ask("pace", { ...LIVE, count: 1 }),
      ]);
      await load.ask("reach", { events: last - 1 });
    });
    const checked = await load.ask("check", { first: 2, last });
    const complete = 100 * (1 - checked.faults / clients);
    return { figures: { cpu: used.cpu / clients, complete, encodings: used.encodings }, ...checked };
  },
};
