/**
 * Lists what is measured.
 *
 * A scenario says how the server is set up, its sizes, its figures with their units, and the goals that tidings has set
 * itself. `run` does one run and resolves to `{ figures, faults }`. Where a figure compares two runs there are `variants`,
 * run one after the other, and `combine` makes the figures of both results; `derive` makes some anew of the medians of all
 * rounds. `focus` names the contenders that run in every
 * round; the others run in the first one only, or, where a scenario compares a contender with itself (`alone`), if they are
 * asked for. With `beside` those run too that are no peers. A figure that is a `note` stands behind the others, in brackets.
 * `rounds` is the most of them that it takes part in. Where it `parses` or `receives`, there are other
 * contenders, and no server: `run` is given the runtime's command and the contender.
 */
import { churn } from "./churn.mjs";
import { clients } from "./clients.mjs";
import { across, oneOverEngines, twentyOverEngines } from "./cluster.mjs";
import { delay } from "./delay.mjs";
import { oneATurn, twentyATurn } from "./fanout.mjs";
import { idleTenThousand, idleThousand } from "./idle.mjs";
import { packedMemory, packedOne, packedTwenty } from "./packed.mjs";
import { parsers } from "./parsers.mjs";
import { replay } from "./replay.mjs";
import { stalled } from "./stalled.mjs";
import { topic } from "./topic.mjs";

export const SCENARIOS = [
  ...[oneATurn, twentyATurn, idleThousand, idleTenThousand],
  ...[stalled, topic, replay, delay, churn],
  ...[packedTwenty, packedOne, packedMemory],
  ...[twentyOverEngines, oneOverEngines, across],
  ...parsers,
  ...clients,
];
