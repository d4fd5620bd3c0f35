// Plays random plans of faults on resumable streams: what is received and told is what was stored, in order, once.
//
// `TIDINGS_PLANS=5000` plays more of them, and prints what they came to.
import { test } from "node:test";
import process from "node:process";
import { type PlanFigures, playPlan } from "../support/resumable_plans.ts";

const plans = Number(process.env["TIDINGS_PLANS"] ?? 200);
const first = Number(process.env["TIDINGS_SEED"] ?? 1);

test(
  `what was stored was received, or a gap told of it: ${plans} plans of faults`,
  { timeout: 600_000 },
  async () => {
    const all: PlanFigures = { stored: 0, received: 0, gaps: 0, connections: 0, takeovers: 0, ends: {} };
    for (let seed = first; seed < first + plans; seed++) {
      const { ends, ...figures } = await playPlan(seed);
      for (const [name, value] of Object.entries(figures)) all[name as keyof typeof figures] += value;
      for (const [state, count] of Object.entries(ends)) all.ends[state] = (all.ends[state] ?? 0) + count;
    }
    if (plans !== 200) console.log(JSON.stringify(all));
  },
);
