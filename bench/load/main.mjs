/** The load process: always Node, and never the process under test. It is told what to do by messages of its parent. */
import { obey } from "../harness/obey.mjs";
import { churn } from "./churn.mjs";
import { Crowd } from "./crowd.mjs";

const crowd = new Crowd();

obey({
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
  now: () => ({ now: performance.now() }),
});
