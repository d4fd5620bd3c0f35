// (h) measures clients that come and go.
import { clientsBecome, metered } from "./steps.mjs";

export const churn = {
  id: "h-churn",
  title: "(h) Connect and leave",
  server: { keepalive: true },
  sizes: { full: { atOnce: 50, milliseconds: 2_000 }, quick: { atOnce: 20, milliseconds: 1_000 } },
  figures: {
    cpu: { label: "CPU per visit", unit: "µs", digits: 0, chart: true },
    rate: { label: "Visits a second", unit: "", digits: 0, higherIsBetter: true },
  },
  goals: [],
  beside: true,
  focus: ["tidings", "raw", "bare socket", "go by hand"],
  rounds: 3,
  async run({ server, load, port }, { atOnce, milliseconds }) {
    await load.ask("churn", { port, atOnce, milliseconds: milliseconds / 2 });
    let done;
    const used = await metered(server, async () => {
      done = await load.ask("churn", { port, atOnce, milliseconds });
    });
    // Whoever left has left on the server, too.
    await clientsBecome(server, 0);
    return {
      figures: { cpu: used.cpu / done.visits, rate: 1000 * done.visits / done.milliseconds },
      faults: 0,
    };
  },
};
