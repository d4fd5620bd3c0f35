/** The load process: always Node, and never the process under test. It is told what to do by messages of its parent. */
import process from "node:process";
import { churn } from "./churn.mjs";
import { Crowd } from "./crowd.mjs";

const crowd = new Crowd();

const commands = {
  open: (where) => crowd.open(where),
  reach: ({ events }) => crowd.reach(events),
  settle: (options) => crowd.settle(options),
  total: () => ({ events: crowd.total(), bytes: crowd.bytes() }),
  storm: (options) => crowd.storm(options),
  topicDelays: (options) => crowd.topicDelays(options),
  check: (range) => crowd.check(range),
  received: () => crowd.received(),
  delays: (options) => crowd.delays(options),
  leave: () => crowd.leave(),
  churn: (options) => churn(options),
  exit: () => process.exit(0),
  now: () => ({ now: performance.now() }),
};

process.on("message", async ({ command, id, ...rest }) => {
  try {
    process.send({ answers: id, ...await commands[command](rest) });
  } catch (error) {
    process.send({ answers: id, failed: error.message });
  }
});
process.on("disconnect", () => process.exit(0));
