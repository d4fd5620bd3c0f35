// (c) measures what a connection costs on which nothing is said.
import { connect, sleep } from "./steps.mjs";

const SETTLE = 1_000;
// What is there before: a runtime's compiled code and its young generation grow to their sizes with the first ones.
const BEFORE = 1_000;

const idle = (clients) => ({
  id: `c-idle-${clients}`,
  title: `(c) Memory of an idle connection: ${clients.toLocaleString("en")} more, beside 1,000`,
  // As they come: timers and the like are part of what a connection costs.
  server: { keepalive: true },
  sizes: { full: { clients, first: BEFORE }, quick: { clients: clients / 10, first: BEFORE / 10 } },
  files: clients + BEFORE + 500,
  figures: { memory: { label: "Resident memory a connection", unit: "KB", digits: 1, chart: true } },
  goals: [{ figure: "memory", against: "raw", most: 1.1 }],
  beside: true,
  floor: "raw with a request",
  focus: ["tidings", "raw", "raw with a request"],
  // Thousands of connections vary little, and take long to make.
  ...(clients > 1_000 ? { rounds: 3, alone: true } : {}),
  async run(context, { clients, first }) {
    const { server } = context;
    await connect(context, { count: first });
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
