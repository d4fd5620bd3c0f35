/**
 * Writes the figures of the READMEs, of docs/figures.md and of docs/engines.md: tables, what tidings is behind in, and the charts. They are made
 * of `results/results.json` and `results/resumable.json`, and put between two marks, so that no figure is typed: `npm run readme`.
 * Links are absolute, for the pages are read in the package too, which has no bench in it.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ALL, BESIDE, FLOOR } from "../contenders/index.mjs";
import { enginesSection, enginesTable } from "./engines.mjs";
import { goalsOf } from "./goals.mjs";
import { datesOf, noteOf } from "./markdown.mjs";
import { scaleSection } from "./scale.mjs";
import { resumableRow, resumableSection } from "./resumable.mjs";

const BEGIN = "<!-- figures: written by `npm run readme` in bench/ -->";
const END = "<!-- /figures -->";

// What the tables show: a scenario's figure, and of whom. Beside it stand the best peer, the raw runtime and those that are
// no peers, or those named.
const ROWS = [
  {
    id: "a-fan-out-1",
    figure: "cpu",
    label: "One message a turn to 1,000 clients: CPU per delivery",
    zh: "每轮一条消息，1,000 个客户端：每次投递的 CPU 时间",
  },
  {
    id: "b-fan-out-20",
    figure: "cpu",
    // "gathered": the application itself hands over all of a turn's messages at once.
    beside: ["better-sse", "better-sse gathered", "raw", ...BESIDE.map(({ name }) => name)],
    label: "20 messages a turn to 1,000 clients: CPU per delivery",
    zh: "每轮 20 条消息，1,000 个客户端：每次投递的 CPU 时间",
  },
  ...[
    ["a-fan-out-1", "One message a turn over HTTP/2, 100 streams a connection: CPU per delivery"],
    ["b-fan-out-20", "20 messages a turn over HTTP/2, 100 streams a connection: CPU per delivery"],
  ].map(([id, label]) => ({ id, figure: "cpu", label, of: "tidings http2", beside: ["tidings"] })),
  {
    id: "c-idle-1000",
    figure: "memory",
    label: "Memory of an idle connection, 1,000 beside 1,000",
    zh: "一个空闲连接的内存",
  },
  { id: "c-idle-10000", figure: "memory", label: "The same, 10,000 beside 1,000" },
  {
    id: "d-stalled",
    figure: "memory",
    label: "100 of 400 clients stop reading at 1 MB/s each: memory more than without them",
  },
  // A ratio already: a ratio of that to somebody else's would say nothing.
  {
    id: "d-stalled",
    figure: "slower",
    beside: [],
    label: "The same: p99 of the others, against without them",
  },
  { id: "e-topic", figure: "ratio", label: "10 of 10,000 clients have the topic: CPU, against 10 of 10" },
  {
    id: "f-replay",
    figure: "cpu",
    label: "1,000 clients come back, 100 messages each to replay: CPU per client",
    zh: "1,000 个客户端重连，各补发 100 条消息：每个客户端的 CPU 时间",
  },
  { id: "g-delay", figure: "p50", label: "From publish to receipt, 1,000 clients: p50" },
  { id: "g-delay", figure: "p99", label: "The same: p99" },
  { id: "h-churn", figure: "cpu", label: "Connect and leave: CPU per visit" },
  { id: "h-churn", figure: "first", label: "The same, in the first two seconds of a process" },
  {
    id: "j-packed-20",
    figure: "cpu",
    of: "tidings gzip",
    beside: ["tidings", "hono gzip", "h3 gzip"],
    label:
      "gzip, 20 trades a turn (JSON, about 170 bytes each on the wire) to 1,000 clients: CPU per delivery",
    zh: "gzip，每轮 20 条（JSON，各约 170 字节），1,000 个客户端：每次投递的 CPU 时间",
  },
  { id: "j-packed-20", figure: "bytes", of: "tidings gzip", beside: ["tidings"], label: "The same: bytes" },
  {
    id: "j-packed-1",
    figure: "cpu",
    of: "tidings gzip",
    beside: ["tidings", "hono gzip", "h3 gzip"],
    label: "gzip, one trade a turn: CPU per delivery",
  },
  { id: "j-packed-1", figure: "bytes", of: "tidings gzip", beside: ["tidings"], label: "The same: bytes" },
  {
    id: "k-fan-out-20",
    figure: "cpu",
    of: "tidings redis",
    beside: ["tidings", "redis by hand"],
    label: "20 messages a turn to 1,000 clients through Redis: CPU per delivery",
  },
  ...[
    ["p50", "Through Redis to another process: delay, p50"],
    ["p99", "The same: p99"],
    ["rate", "The same, flat out: messages a second"],
  ].map(([figure, label]) => ({
    ...{ id: "l-across", figure, label, of: "tidings redis", beside: ["socket.io redis", "redis by hand"] },
  })),
  ...[
    ["i-small", "Parsing 200,000 small events"],
    ["i-llm", "Parsing an LLM's answer, a piece a chunk"],
    ["i-large", "Parsing one event of 10 MB"],
  ].flatMap(([id, label]) => [
    { id, figure: "sync", label: `${label}: CPU per MB of text` },
    { id, figure: "iterable", label: "The same, iterated over bytes" },
  ]),
  ...[
    ["m-small", "Receiving 200,000 small events"],
    ["m-llm", "Receiving an LLM's answer, a piece a chunk"],
  ].flatMap(([id, label]) => [
    { id, figure: "handler", label: `${label}: CPU per event, to a handler` },
    { id, figure: "loop", label: "The same, in a loop" },
  ]),
];
const CHARTS = ["a-fan-out-1-cpu", "b-fan-out-20-cpu", "c-idle-1000-memory", "j-packed-20-cpu"];
const NAMES = { node: "Node", bun: "Bun", deno: "Deno" };

function table(results, rows) {
  const kinds = Object.keys(results.versions);
  const lines = rows.flatMap((row) => {
    const scenario = results.scenarios.find(({ id }) => id === row.id);
    if (scenario === undefined) return [];
    const cells = kinds.map((kind) => cellOf(row, scenario.results[kind] ?? {}, scenario.figures));
    // What nobody has measured yet is no row.
    return cells.every((cell) => cell === "–") ? [] : [`| ${row.label} | ${cells.join(" | ")} |`];
  });
  return [
    `| | ${kinds.map((kind) => NAMES[kind]).join(" | ")} |`,
    `| --- | ${kinds.map(() => "---").join(" | ")} |`,
    ...lines,
    "",
  ];
}

function section(results) {
  const kinds = Object.keys(results.versions);
  const { machine, versions, packages } = results;
  const rounds = results.scenarios.flatMap((scenario) =>
    Object.values(scenario.results).flatMap((contenders) =>
      Object.values(contenders).map((each) => each.rounds)
    )
  );
  const list = (all) =>
    Object.entries(all).map(([name, version]) => `${NAMES[name] ?? name} ${version}`).join(", ");
  const charts = CHARTS.filter((name) => results.scenarios.some(({ id }) => name.startsWith(`${id}-`)));
  return [
    ...table(results, ROWS),
    ...charts.flatMap((
      name,
    ) => [`![${name}](https://github.com/OWNER/tidings/raw/main/bench/results/${name}.svg)`, ""]),
    `Measured on ${
      datesOf(results)
    }, ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}:`,
    `${list(versions)}; ${list(packages)}. Medians of ${Math.min(...rounds)} to ${
      Math.max(...rounds)
    } rounds, all contenders`,
    "in turn; how many it were for each figure, and every sample, is in [bench/results](https://github.com/OWNER/tidings/blob/main/bench/results/results.md).",
    "",
    "**Where tidings is not ahead:**",
    "",
    ...behind(results, kinds),
    "",
    "In brackets stands the floor, where one was measured: what nobody who does the same can do without.",
    "[The bench's README](https://github.com/OWNER/tidings/blob/main/bench/README.md) says what each is.",
  ].join("\n");
}

/**
 * tidings, and what that is of the best peer's, of the runtime's own and of those that are no peers: in a row that is `short`
 * neither of a floor nor of those that drop messages, which have to be explained.
 */
function cellOf({ of = "tidings", figure, beside, short }, contenders, figures) {
  const { unit, digits, higherIsBetter } = figures[figure];
  const value = (name) => contenders[name]?.figures[figure]?.median;
  const own = value(of);
  if (own === undefined || own === null) return "–";
  const best = (names) =>
    names.filter((name) => Number.isFinite(value(name)))
      .sort((a, b) => (value(a) - value(b)) * (higherIsBetter ? -1 : 1))[0];
  const others = beside ??
    [
      best(Object.keys(contenders).filter((name) => isPeer(name, contenders) && !name.startsWith("tidings"))),
      "raw",
      ...[...FLOOR, ...BESIDE].map(({ name }) => name),
    ];
  const ratios = others.filter((name) => Number.isFinite(value(name)))
    .filter((name) => !short || contenders[name].beside !== "the floor" && !LOSSY.has(name))
    .map((name) => `${(own / value(name)).toFixed(2)} × ${name}${noteOf(figures, contenders[name])}`);
  return [
    `**${own.toLocaleString("en", { maximumFractionDigits: digits })}**${unit && ` ${unit}`}`,
    ...ratios,
  ].join("<br>");
}

const LOSSY = new Set(ALL.filter(({ lossy }) => lossy).map(({ name }) => name));
const isPeer = (name, contenders) => name !== "raw" && contenders[name].beside === undefined;

/** Every figure of the table in which somebody else was better, and every goal that was not met, in a line each. */
function behind(results, kinds) {
  const lines = new Map();
  const add = (what, kind, text) => {
    if (!lines.has(what)) lines.set(what, new Map());
    const byKind = lines.get(what);
    byKind.set(kind, [...byKind.get(kind) ?? [], text]);
  };
  for (const { id, figure, of = "tidings" } of ROWS) {
    const scenario = results.scenarios.find((each) => each.id === id);
    if (scenario === undefined) continue;
    const { label, higherIsBetter } = scenario.figures[figure];
    for (const kind of kinds) {
      const contenders = scenario.results[kind] ?? {};
      const own = contenders[of]?.figures[figure]?.median;
      for (const [name, { figures }] of Object.entries(contenders)) {
        const other = figures[figure]?.median;
        if (
          name === "raw" || contenders[name].beside === "the floor" || name.startsWith("tidings") ||
          !Number.isFinite(other) || !Number.isFinite(own)
        ) {
          continue;
        }
        if (higherIsBetter ? other <= own : other >= own) continue;
        const floor = floorOf({ scenario, kind, of, figure, rival: other });
        add(`${scenario.title}, ${label}`, kind, `${(own / other).toFixed(2)} × ${name}${floor}`);
      }
    }
  }
  for (const { goal, value, limit, met, ...row } of goalsOf(results)) {
    if (met === false) {
      const { scenario, kind } = row;
      const floor = floorOf(row);
      add(`${scenario.title}, ${goal}, a goal that was not met`, kind, `${value}, not ${limit}${floor}`);
    }
  }
  if (lines.size === 0) return ["- In none of these figures."];
  return [...lines].map(([what, byKind]) => {
    const all = [...byKind].map(([kind, texts]) => `${NAMES[kind]} ${texts.join(", ")}`);
    return `- ${what}: ${all.join("; ")}.`;
  });
}

/**
 * The floor of somebody's figure, where it was measured: what it is of the rival's, or itself where there is none. An engine's
 * is the same however durable it is set to be; where a scenario has none of its own it is the bare socket.
 */
function floorOf({ scenario, kind, of, figure, rival }) {
  const { unit, digits } = scenario.figures[figure];
  // "sqlite full" is SQLite.
  const engineOf = ({ engine }) => engine?.split(" ")[0];
  const engine = engineOf(ALL.find(({ name }) => name === of));
  const figureOf = ({ name }) => scenario.results[kind][name]?.figures[figure]?.median;
  const nearest = [...FLOOR, ...BESIDE].find((each) =>
    each.beside === "the floor" && engineOf(each) === engine && Number.isFinite(figureOf(each))
  );
  if (nearest === undefined) return "";
  const { name } = nearest;
  const floor = figureOf(nearest);
  return rival === undefined
    ? ` (${name}: ${floor.toFixed(digits)} ${unit})`
    : ` (${name}: ${(floor / rival).toFixed(2)} ×)`;
}

const folder = new URL("../results/", import.meta.url);
const results = JSON.parse(readFileSync(new URL("results.json", folder), "utf8"));
if (results.quick) throw new Error("A quick run's figures mean nothing: run the bench without --quick first");
// Those that a person reads to the end stand in the READMEs too, and have a label in Chinese.
const main = ROWS.filter(({ zh }) => zh !== undefined).map((row) => ({ ...row, short: true }));
const resumable = JSON.parse(readFileSync(new URL("resumable.json", folder), "utf8"));
if (resumable.quick) {
  throw new Error("A quick run's figures mean nothing: run npm run resumable without --quick");
}
const scaleFile = new URL("scale.json", folder);
const scale = existsSync(scaleFile) ? JSON.parse(readFileSync(scaleFile, "utf8")) : undefined;
const withResumable = (lines, label) =>
  [
    ...lines.slice(0, -1),
    resumableRow(resumable, Object.keys(results.versions), label),
  ].join("\n");
put(
  "README.md",
  withResumable(
    table(results, main),
    "A stream's tokens in tens through Redis to ten readers: commands a token",
  ),
);
put(
  "README.zh-CN.md",
  withResumable(
    table(results, main.map((row) => ({ ...row, label: row.zh }))),
    "可续传的流经 Redis 到另一进程的十个读者，每次十个 token：每个 token 的 Redis 命令数",
  ),
);
put(
  "docs/figures.md",
  [section(results), "", ...scaleSection(scale), ...enginesSection(results), ...resumableSection(resumable)]
    .join(
      "\n",
    ),
);
put("docs/engines.md", enginesTable(results).join("\n"));

/** Puts the text between the two marks of a page. */
function put(path, text) {
  const page = new URL(`../../${path}`, import.meta.url);
  const [before, rest] = readFileSync(page, "utf8").split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${path} lacks the marks ${BEGIN} and ${END}`);
  writeFileSync(page, `${before}${BEGIN}\n\n${text.trim()}\n\n${END}${after}`);
}
