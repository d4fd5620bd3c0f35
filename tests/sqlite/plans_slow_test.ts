// Plays random plans of four processes over one SQLite file that are killed at any moment: what was acknowledged is there, and
// is received once, in one order, or a gap tells of it.
//
// `TIDINGS_PLANS=2000` plays more of them, tells how far it is, and prints what they came to; `TIDINGS_SEED=17` begins with
// that one.
import { seededPlans } from "../support/seeded_plans.ts";
import { KillPlayer } from "../support/sqlite_plans.ts";

seededPlans({
  name: "SQLite, four processes that are killed: what was acknowledged was received, once, in one order",
  count: 70,
  atOnce: 2,
  each: 6_000,
  start: () => Promise.resolve({ makePlayer: () => KillPlayer.start(), stop: () => Promise.resolve() }),
});
