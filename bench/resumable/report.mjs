// Writes the results of resumable streams as Markdown.

/** The tables of all scenarios: figures down, contenders across. */
export function toMarkdown(results) {
  return `${lines(results).join("\n")}\n`;
}

function lines({ quick, date, machine, versions, packages, rounds, scenarios }) {
  const [least, most] = machine.load.map((load) => load.toFixed(1));
  return [
    "# Resumable streams",
    "",
    ...(quick ? ["**A quick run: it shows that all works, and its figures mean nothing.**", ""] : []),
    `${
      date.slice(0, 10)
    }, ${machine.cpu}, ${machine.cores} cores, ${machine.memory} GB, ${machine.system}; load ${least} to ${most}.`,
    `Node ${versions.node}, Redis ${versions.redis}, ${
      Object.entries(packages).map((each) => each.join(" ")).join(", ")
    }. ${rounds === 1 ? "One round" : `Medians of up to ${rounds} rounds`}, all in turn.`,
    ...scenarios.flatMap(section),
  ];
}

function section({ title, figures, results, size }) {
  const names = Object.keys(results);
  const row = (label, cells) => `| ${[label, ...cells].join(" | ")} |`;
  const pick = (name, key) => results[name].figures[key]?.median;
  return [
    "",
    `## ${title}`,
    "",
    Object.entries(size).map(([key, value]) => `${key} ${value}`).join(", "),
    "",
    row("", names),
    row("---", names.map(() => "---:")),
    ...Object.entries(figures).map(([key, { label, unit, digits }]) =>
      row(
        unit === "" ? label : `${label}, ${unit}`,
        names.map((name) => pick(name, key)?.toFixed(digits) ?? "–"),
      )
    ),
    row("Tokens received / due", names.map((name) => `${results[name].received} / ${results[name].due}`)),
    ...names.flatMap((name) => remarks(name, results[name])),
  ];
}

function remarks(name, { faults, fault, failed, notes }) {
  const said = [];
  if (faults > 0) said.push(`- ${name}: ${faults} readers did not receive all once and in order (${fault})`);
  if (failed !== undefined) said.push(`- ${name}: a run failed: ${failed.split("\n", 1)[0]}`);
  if (notes !== undefined) {
    const words = ([ended, told]) =>
      told === undefined || told === null ? ended : `${ended}, and told ${told}`;
    said.push(
      `- ${name}: a reader who was there: ${words(notes.there)}; who came afterwards: ${words(notes.late)}`,
    );
  }
  return said.length === 0 ? [] : ["", ...said];
}
