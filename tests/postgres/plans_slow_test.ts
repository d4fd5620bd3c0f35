// Plays random plans of concurrent transactions on a real Postgres: received is what was committed, once, in one order.
//
// `TIDINGS_PLANS=2000` plays more of them, tells how far it is, and prints what they came to; `TIDINGS_SEED=17` begins with
// that one.
import { TransactionPlayer } from "../support/transaction_plans.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { seededPlans } from "../support/seeded_plans.ts";

seededPlans({
  name:
    "Postgres, concurrent transactions: what was committed was received, once, in the order of the commits",
  skip: noPostgres,
  count: 100,
  atOnce: 3,
  each: 3_000,
  async start() {
    const server = await PostgresServer.start();
    await TransactionPlayer.prepare(server);
    return {
      makePlayer: () => TransactionPlayer.start(server),
      stop: () => server.stop(),
    };
  },
});
