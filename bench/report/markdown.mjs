/** Writes the results as Markdown tables. */
import { goalsOf } from "./goals.mjs";

/** @param {object} results see `bench.mjs` */
export function toMarkdown(results) {
  return [
    ...(results.quick ? ["**A quick run: it shows that all works, and its figures mean nothing.**", ""] : []),
    about(results),
    "",
    ...results.scenarios.flatMap((
      scenario,
    ) => ["", `### ${scenario.title}`, "", ...figureTables(scenario, results), ...remarks(scenario)]),
    ...goals(results),
    "",
  ].join("\n");
}

/** From when to when the scenarios were measured. */
export function datesOf({ date, scenarios }) {
  const dates = scenarios.map((scenario) => (scenario.date ?? date).slice(0, 10)).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  return first === last ? first : `${first} to ${last}`;
}

function about({ machine, versions, rounds, packages, ...results }) {
  const list = (all) => Object.entries(all).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `${datesOf(results)}, ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}.`,
    `${list(versions)}. ${list(packages)}. Median of ${plural(rounds, "round")}.`,
  ].join("\n");
}

const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** One table a figure: contenders down, runtimes across. */
function figureTables({ figures, results }, { rounds }) {
  const kinds = Object.keys(results);
  const names = [...new Set(kinds.flatMap((kind) => Object.keys(results[kind])))];
  return Object.entries(figures).filter(([, { note }]) => !note).flatMap(([key, { label, unit, digits }]) => [
    ...table(
      [unit === "" ? label : `${label}, ${unit}`, ...kinds],
      names.map((name) => [
        name === "tidings" ? "**tidings**" : name,
        ...kinds.map((kind) =>
          cell(results[kind][name], key, digits, rounds) + noteOf(figures, results[kind][name])
        ),
      ]),
    ),
    "",
  ]);
}

/** A figure of fewer rounds than the others says so. */
function cell(result, key, digits, rounds) {
  const median = result?.figures[key]?.median;
  if (median === undefined || median === null) return "–";
  return median.toFixed(digits) + (result.rounds < rounds ? ` (${plural(result.rounds, "round")})` : "");
}

/** What must be known beside a figure, such as that some of the messages were dropped. */
export function noteOf(figures, result) {
  return Object.entries(figures).filter(([, { note }]) => note).flatMap(([key, { label, unit, digits }]) => {
    const median = result?.figures[key]?.median;
    return Number.isFinite(median) ? [` (${median.toFixed(digits)} ${unit} ${label})`] : [];
  }).join("");
}

/** What went wrong is part of the result. */
function remarks({ results }) {
  return Object.entries(results).flatMap(([kind, contenders]) =>
    Object.entries(contenders).flatMap(([name, { faults, fault, failed, failure }]) => [
      ...(faults > 0
        ? [`- ${name} on ${kind}: ${faults} clients did not receive all in order (${fault})`]
        : []),
      ...(failed > 0 ? [`- ${name} on ${kind}: ${failed} runs failed: ${failure.split("\n", 1)[0]}`] : []),
    ])
  );
}

function goals(results) {
  const all = goalsOf(results);
  if (all.length === 0) return [];
  const judged = all.filter(({ met }) => met !== undefined);
  return [
    "",
    "### Goals",
    "",
    ...table(
      ["Scenario", "Runtime", "Figure", "tidings", "Goal", ""],
      all.map(({ scenario, kind, goal, value, limit, met }) => [
        ...[scenario.title, kind, goal, value, limit],
        met === undefined ? "" : met ? "met" : "**not met**",
      ]),
    ),
    "",
    `${judged.filter(({ met }) => met).length} of ${plural(judged.length, "goal")} met.`,
  ];
}

function table(heading, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(heading), line(heading.map((_, i) => i === 0 ? "---" : "---:")), ...rows.map(line)];
}
