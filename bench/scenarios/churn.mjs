// (h) measures clients that come and go.
import { clientsBecome, metered } from "./steps.mjs";

export const churn = {
  id: "h-churn",
  title: "(h) Connect and leave",
  server: { keepalive: true },
  // What a runtime does first it interprets, and only what it does often it compiles, at a cost that is in the first figure.
  sizes: {
    full: { atOnce: 50, first: 2_000, warmUp: 5_000, measured: 2_500 },
    quick: { atOnce: 20, first: 500, warmUp: 0, measured: 500 },
  },
  figures: {
    cpu: { label: "CPU per visit", unit: "µs", digits: 0, chart: true },
    rate: { label: "Visits a second", unit: "", digits: 0, higherIsBetter: true },
    first: { label: "CPU per visit in the process's first two seconds", unit: "µs", digits: 0 },
  },
  goals: [{ figure: "cpu", against: "best peer", most: 0.95 }, { figure: "cpu", against: "raw", most: 1.4 }],
  beside: true,
  floor: "raw with a request",
  rounds: 3,
  async run({ server, load, port }, { atOnce, first, warmUp, measured }) {
    const comeAndGo = async (milliseconds) => {
      let done;
      const used = await metered(server, async () => {
        done = await load.ask("churn", { port, atOnce, milliseconds });
      });
      return { cpu: used.cpu / done.visits, rate: 1000 * done.visits / done.milliseconds };
    };
    const cold = await comeAndGo(first);
    await load.ask("churn", { port, atOnce, milliseconds: warmUp });
    const { cpu, rate } = await comeAndGo(measured);
    // Whoever left has left on the server, too.
    await clientsBecome(server, 0);
    return { figures: { cpu, rate, first: cold.cpu }, faults: 0 };
  },
};
