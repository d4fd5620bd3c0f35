// (c): what a connection costs that nothing is said on.
import { clientsBecome, connect, sleep } from "./steps.mjs";

const SETTLE = 1_500;

const idle = (clients) => ({
  id: `c-idle-${clients}`,
  title: `(c) Memory of an idle connection, at ${clients.toLocaleString("en")}`,
  // As they come: timers and the like are part of what a connection costs.
  server: { keepalive: true },
  sizes: { full: { clients }, quick: { clients: clients / 10 } },
  files: clients + 500,
  figures: { memory: { label: "Resident memory a connection", unit: "KB", digits: 1, chart: true } },
  goals: [{ figure: "memory", against: "raw", most: 1.25 }],
  async run(context, { clients }) {
    const { server, load } = context;
    // What is only needed once is not counted.
    await connect(context, { count: 20 });
    await load.ask("leave");
    await clientsBecome(server, 0);
    await sleep(SETTLE);
    const before = await server.ask("meter", { collect: true });
    await connect(context, { count: clients });
    await sleep(SETTLE);
    const after = await server.ask("meter", { collect: true });
    return { figures: { memory: (after.rss - before.rss) / clients / 1024 }, faults: 0 };
  },
});

export const idleThousand = idle(1_000);
export const idleTenThousand = idle(10_000);
