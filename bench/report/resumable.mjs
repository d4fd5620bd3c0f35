// Writes what the READMEs and docs/figures.md say of resumable streams, out of `results/resumable.json`.
const PEER = "resumable-stream";

const amount = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits });

/** The row of the READMEs' table. Only Node was measured, so the other runtimes have none. */
export function resumableRow({ scenarios }, kinds, label) {
  const scenario = scenarios.find(({ id }) => id === "burst-10");
  return `| ${label} | ${kinds.map((kind) => kind === "node" ? cell(scenario, "sent") : "–").join(" | ")} |`;
}

/** A part of docs/figures.md. */
export function resumableSection(results) {
  const { date, machine, versions, packages, rounds, scenarios } = results;
  const each = scenarios.filter(({ id }) => /^(token|burst)-/.test(id));
  const others = scenarios.filter((scenario) => !each.includes(scenario));
  const [least, most] = machine.load.map((load) => load.toFixed(0));
  return [
    "## Resumable streams",
    "",
    `\`ResumableStreams\` over \`redisStore\`, beside npm's resumable-stream ${
      packages[PEER]
    } on the same Redis: one`,
    "process runs the streams, another reads them. Both are handed the same text. Per token:",
    "",
    "| | Redis commands | Redis CPU | CPU of the producer | CPU of the reading process | CPU in all | Tokens received |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...each.map((scenario) =>
      `| ${
        [scenario.title, ...["sent", "redis", "producer", "reader", "cpu"].map((key) => cell(scenario, key))]
          .join(" | ")
      } | ${received(scenario)} |`
    ),
    "",
    "A command is one that a client sends; what tidings' script does in Redis is not counted as commands, and is in its CPU.",
    "resumable-stream keeps nothing in Redis while nobody reads elsewhere, so there it needs no commands and next to no CPU,",
    "and what it runs is gone with its process. With readers it publishes once per token and reader, and waits for each. What",
    `the tokens themselves cost the producer is ${nothing(each)}; it is in all figures.`,
    "",
    `| | tidings | ${PEER} |`,
    "| --- | --- | --- |",
    ...others.flatMap(rowsOf),
    "",
    "Whose producer dies: with tidings a reader gets all that was stored, and the end `lost` when the lease is over, 15 s by",
    "default, and was looked at twice. With resumable-stream who comes afterwards gets an error, and who was there already was",
    "told nothing as long as it was watched (30 s): what it looks at every 10 s says for 24 hours that the stream is running.",
    "",
    `Measured on ${
      date.slice(0, 10)
    }, Node ${versions.node}, Redis ${versions.redis}, ${machine.cores} cores; ${
      rounds === 1 ? "one round" : `medians of up to ${rounds} rounds`
    }, all in turn, on a`,
    `machine that did other work, too (load ${least} to ${most}), so look at the ratios. All samples are in`,
    "[bench/results](https://github.com/OWNER/tidings/blob/main/bench/results/resumable.md).",
    "",
    "**Where tidings is not ahead of resumable-stream:**",
    "",
    ...behind(scenarios),
    "",
  ];
}

/** A figure of a contender; that of all CPU is the sum of three. */
function valueOf({ results }, name, key) {
  const { figures } = results[name];
  if (key === "cpu") {
    return ["redis", "producer", "reader"].reduce((sum, each) => sum + figures[each].median, 0);
  }
  return figures[key]?.median;
}

const unitOf = ({ figures }, key) => key === "cpu" ? { unit: "µs", digits: 1 } : figures[key];

/** tidings, and what that is of the other's. */
function cell(scenario, key) {
  const [own, other] = ["tidings", PEER].map((name) => valueOf(scenario, name, key));
  const { unit, digits } = unitOf(scenario, key);
  const text = `**${amount(own, digits)}**${unit && ` ${unit}`}`;
  // With no reader there is nothing in the reading process to compare.
  if (scenario.size.readers === 0 && key === "reader") return "–";
  const ratio = own / other;
  return `${text}<br>${ratio >= 10 ? amount(ratio, 0) : ratio.toFixed(2)} × ${PEER}`;
}

function received({ results, size }) {
  if (size.readers === 0) return "–";
  return isWhole(results.tidings) && isWhole(results[PEER])
    ? "all, once, in order"
    : ["tidings", PEER].map((name) =>
      `${name} ${amount(results[name].received, 0)} of ${amount(results[name].due, 0)}`
    ).join(", ");
}

const isWhole = ({ received, due, faults }) => received === due && faults === 0;

function nothing(scenarios) {
  return ["token-0", "burst-0"].map((id) => scenarios.find((scenario) => scenario.id === id))
    .filter((scenario) => scenario?.results.nothing !== undefined)
    .map((scenario) =>
      `${amount(scenario.results.nothing.figures.producer.median, 0)} µs (${
        scenario.title.split(",")[0].toLowerCase()
      })`
    ).join(" and ");
}

function rowsOf({ title, figures, results }) {
  return Object.entries(figures).map(([key, { label, unit, digits }], i) => {
    const cells = ["tidings", PEER].map((name) => {
      const value = results[name].figures[key]?.median;
      if (value === undefined) return "–";
      // Less than what garbage collection leaves to chance.
      return `${amount(Math.max(0, value), digits)}${unit && ` ${unit}`}`;
    });
    return `| ${i === 0 ? `${title}. ` : ""}${label} | ${cells.join(" | ")} |`;
  });
}

/** Everything in which less would be better, and the other has less. */
function behind(scenarios) {
  return scenarios.filter(({ id }) => id !== "killed").flatMap((scenario) => {
    const keys = Object.keys(scenario.figures).filter((key) => !["run", "begin", "seconds"].includes(key));
    const worse = keys.flatMap((key) => {
      if (scenario.size.readers === 0 && key === "reader") return [];
      const [own, other] = ["tidings", PEER].map((name) => valueOf(scenario, name, key));
      if (own <= other) return [];
      const { label, unit, digits } = scenario.figures[key];
      const text = (value) => `${amount(Math.max(0, value), digits)}${unit && ` ${unit}`}`;
      return [`${label} ${text(own)}, not ${text(other)}`];
    });
    return worse.length === 0 ? [] : [`- ${scenario.title}: ${worse.join("; ")}.`];
  });
}
