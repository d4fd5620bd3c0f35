// Writes what docs/figures.md and docs/engines.md say of the engines, out of `results/results.json`.
import { datesOf } from "./markdown.mjs";

const NAMES = {
  tidings: "memory, one process",
  "tidings redis": "Redis, in memory",
  "tidings redis everysec": "Redis, `appendfsync everysec`",
  "tidings nats": "NATS JetStream",
  "tidings sqlite normal": 'SQLite, `durability: "normal"`',
  "tidings sqlite full": 'SQLite, `durability: "full"`',
  "tidings postgres": "Postgres",
};
const COLUMNS = [
  ["k-fan-out-20", "cpu", "CPU per delivery, 20 a turn", "µs"],
  ["k-fan-out-20", "further", "The same, to a further client", "µs"],
  ["n-fan-out-1", "cpu", "CPU per delivery, one a turn", "µs"],
  ["l-across", "p50", "Delay, p50", "ms"],
  ["l-across", "p99", "Delay, p99", "ms"],
  ["l-across", "rate", "Messages a second", ""],
];

/** A table of the engines that were measured: figures across, and in each cell the runtimes one below the other. */
export function enginesTable(results) {
  const kinds = Object.keys(results.versions);
  const valueOf = (id, kind, name, figure) =>
    results.scenarios.find((scenario) => scenario.id === id)?.results[kind]
      ?.[name]?.figures[figure]?.median;
  const columns = COLUMNS.filter(([id]) => results.scenarios.some((scenario) => scenario.id === id));
  const cell = (name, [id, figure, , unit]) => {
    const values = kinds.flatMap((kind) => {
      const value = valueOf(id, kind, name, figure);
      if (!Number.isFinite(value)) return [];
      const text = value.toLocaleString("en", {
        maximumFractionDigits: figure === "rate" ? 0 : 2,
      });
      return [`${kind} **${text}**${unit && ` ${unit}`}`];
    });
    return values.length === 0 ? "–" : values.join("<br>");
  };
  const rows = Object.entries(NAMES).flatMap(([name, label]) => {
    const cells = columns.map((column) => cell(name, column));
    return cells.every((each) => each === "–") ? [] : [`| ${label} | ${cells.join(" | ")} |`];
  });
  return [
    `| | ${columns.map(([, , label]) => label).join(" | ")} |`,
    `| --- | ${columns.map(() => "---").join(" | ")} |`,
    ...rows,
    "",
    "A delivery is one event to one of 1,000 clients of the process that publishes; at 20 a turn the server and its clients",
    "share one core. To a further client it is without what a turn takes in any case: the difference between 500 and 2,000",
    "clients. The delay is from `publish()` in one",
    "process to a client of another, at 100 messages a second; the messages a second are those that arrive there when the",
    `first publishes as fast as it can. Measured on ${
      datesOf(results)
    }, ${results.machine.cores} cores, all on one`,
    "machine, where the engine, both processes and the clients share the processors.",
    "",
  ];
}

/** A part of docs/figures.md. */
export function enginesSection(results) {
  return [
    "## Engines",
    "",
    "tidings over each engine, as [Which engine](engines.md) compares them; Postgres commits to the disk before it",
    "acknowledges, JetStream writes its file, and Redis keeps all in memory unless the row says otherwise.",
    "",
    ...enginesTable(results),
  ];
}
