// Writes what docs/figures.md says of scale, out of `results/scale.json`.
import { datesOf } from "./markdown.mjs";

const NAMES = { node: "Node", bun: "Bun", deno: "Deno" };

const number = (value, digits = 0) => value.toLocaleString("en", { maximumFractionDigits: digits });
const kilobytes = (bytes) => `${number(bytes / 1_024, 1)} KB`;
const megabytes = (bytes) => `${number(bytes / 2 ** 20)} MB`;
const seconds = (milliseconds) => `${number(milliseconds / 1_000, 2)} s`;
const milliseconds = (value) => `${number(value, 1)} ms`;
const microseconds = (value) => `${number(value, 1)} µs`;

// What each part's table shows: a label and the text of one runtime's result.
const ROWS = {
  one: [
    ["Memory a connection", ({ memory }) => kilobytes(memory)],
    ["Connections taken a second", ({ rate }) => number(rate)],
    ["CPU to take one", ({ acceptCpu }) => microseconds(acceptCpu)],
    ["One event to all: until the last has it", ({ last }) => seconds(last)],
    ["The same: CPU per delivery", ({ eventCpu }) => microseconds(eventCpu)],
    ["CPU a second while only keepalives are sent", ({ idleCpu }) => milliseconds(idleCpu)],
    ["Resident memory after that", ({ idleRss }) => megabytes(idleRss)],
    ["All come back: until the last is there", ({ storm }) => seconds(storm)],
    ["The same: wait for the first byte, p50", ({ stormP50 }) => milliseconds(stormP50)],
    ["The same: p99", ({ stormP99 }) => milliseconds(stormP99)],
    ["The same: refused, and tried again", ({ refused }) => number(refused)],
    ["The same: most memory meanwhile", ({ stormRss }) => megabytes(stormRss)],
  ],
  several: [
    ["Connections in all", ({ connections }) => number(connections)],
    ["Memory a connection", ({ memory }) => kilobytes(memory)],
    ["One event to all: until the last has it", ({ last }) => seconds(last)],
    ["The same: CPU per delivery, both processes", ({ eventCpu }) => microseconds(eventCpu)],
    ["CPU a second and process while only keepalives are sent", ({ idleCpu }) => milliseconds(idleCpu)],
  ],
  topics: [
    ["From publish to receipt: p50", ({ p50 }) => milliseconds(p50)],
    ["The same: p99", ({ p99 }) => milliseconds(p99)],
    ["The same: the longest", ({ most }) => milliseconds(most)],
    ["CPU per delivery", ({ cpu }) => microseconds(cpu)],
  ],
  cores: [
    ["One process: deliveries a second", ({ alone }) => number(alone.rate)],
    ["Two that share the port", ({ both }) => number(both.rate)],
    ["Gain", ({ gain }) => `${number(gain, 2)} ×`],
    ["CPU per delivery: one process", ({ alone }) => microseconds(alone.cpu)],
    ["The same: both", ({ both }) => microseconds(both.cpu)],
    ["How the clients were shared out", ({ both }) => both.sizes.map((size) => number(size)).join(" and ")],
  ],
};

function title(part, { parts }) {
  const [any] = Object.values(parts[part]);
  const titles = {
    one: () =>
      `One process, ${number(any.connections)} connections, ${
        number(any.seconds / 60, 1)
      } minutes, and then all come back ` +
      `within ${number(any.within / 1_000)} s`,
    several: () => `${number(any.processes)} processes over Redis`,
    topics: () =>
      `${number(any.clients)} clients on ${number(any.topics)} topics, ${number(any.rate)} messages a second`,
    cores: () => `A second core, ${number(any.clients)} clients, one message a turn`,
  };
  return titles[part]();
}

/** A part of docs/figures.md; nothing where scale was not measured yet. */
export function scaleSection(results) {
  if (results === undefined) return [];
  const { machine, versions, date } = results;
  const kinds = Object.keys(versions);
  const tables = Object.keys(ROWS).filter((part) => results.parts[part] !== undefined).flatMap((part) => [
    `**${title(part, results)}:**`,
    "",
    `| | ${kinds.map((kind) => NAMES[kind]).join(" | ")} |`,
    `| --- | ${kinds.map(() => "---").join(" | ")} |`,
    ...ROWS[part].map(([label, text]) => {
      const cells = kinds.map((kind) => {
        const result = results.parts[part][kind];
        return result === undefined ? "–" : text(result);
      });
      return `| ${label} | ${cells.join(" | ")} |`;
    }),
    "",
  ]);
  return [
    "## Scale",
    "",
    "`npm run scale` in bench/; the load runs on the same machine and shares its cores, so what a second one brings is a",
    `lower bound. Measured on ${
      datesOf({ date, scenarios: [{ date }] })
    }, ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB: ${
      kinds.map((kind) => `${NAMES[kind]} ${versions[kind]}`).join(", ")
    }.`,
    "",
    ...tables,
  ];
}
