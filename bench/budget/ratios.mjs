/**
 * Lists the ratios that are kept: a scenario's figures, of whom, beside whom, and on which runtimes. Beside stand the raw
 * runtime, tidings without what is judged, and the parser that the main package installs, so that nothing else is needed.
 */
import { churn } from "../scenarios/churn.mjs";
import { oneATurn, twentyATurn } from "../scenarios/fanout.mjs";
import { packedTwenty } from "../scenarios/packed.mjs";
import { parsers } from "../scenarios/parsers.mjs";
import { replay } from "../scenarios/replay.mjs";

const ALL = ["node", "bun", "deno"];
const NODE = ["node"];
// Sizes are the smallest whose ratios are steady, for all of it must be over in three minutes.
const turns = {
  clients: 200,
  warmUp: { turns: 5, milliseconds: 400 },
  measured: { turns: 10, milliseconds: 400 },
};
const raw = { figures: ["cpu"], own: "tidings", other: "raw" };

export const RATIOS = [
  { ...raw, scenario: oneATurn, size: turns, runtimes: NODE },
  { ...raw, scenario: twentyATurn, size: turns, runtimes: ALL },
  { ...raw, scenario: churn, size: { atOnce: 20, first: 500, warmUp: 0, measured: 1_000 }, runtimes: ALL },
  { ...raw, scenario: replay, size: { clients: 300, times: 1 }, runtimes: NODE },
  {
    ...{ scenario: packedTwenty, figures: ["cpu", "bytes"], own: "tidings gzip", other: "tidings" },
    ...{ size: turns, runtimes: NODE },
  },
  {
    ...{ scenario: parsers.find(({ id }) => id === "i-small"), figures: ["sync", "iterable"] },
    ...{ own: "tidings", other: "eventsource-parser", size: { passes: 3 }, runtimes: NODE },
  },
].flatMap(({ runtimes, ...ratio }) => runtimes.map((kind) => ({ ...ratio, kind })));
