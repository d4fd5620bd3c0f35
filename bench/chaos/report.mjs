// Writes what came of a fault run, as a table and as JSON.
const HEADS = {
  acknowledged: "Acknowledged",
  received: "Received",
  gaps: "Gaps told",
  doubled: "Doubled",
  outOfOrder: "Out of order",
  lost: "Lost unsignalled",
};

const number = (value) => value.toLocaleString("en-US");

/** Whether nothing was wrong. */
export const isClean = ({ all, failure }) =>
  failure === undefined && all.doubled === 0 && all.outOfOrder === 0 && all.lost === 0;

export function table({ nodes, rows, all }) {
  const lines = [
    ...nodes.map(({ kind, version }) => [`${kind} ${version}`, rows[kind]]),
    ["**In all**", all],
  ].map(([name, row]) => [name, ...Object.keys(HEADS).map((key) => number(row?.[key] ?? 0))]);
  const cells = [["Node on", ...Object.values(HEADS)], ...lines];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const render = (line) =>
    `| ${line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join(" | ")} |`;
  const rule = `| ${
    widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`).join(" | ")
  } |`;
  return [render(cells[0]), rule, ...cells.slice(1).map(render)].join("\n");
}

export function markdown(result) {
  const { seed, minutes, date, faults, readers, hops, told, refused, redis, failure, examples } = result;
  const done = Object.entries(faults).map(([name, times]) => `- ${name}: ${times}`);
  return `# The fault run

${date}, \`npm run chaos -- --minutes ${minutes} --seed ${seed}\`: three nodes on three runtimes over Redis ${redis},
${readers} readers that hopped ${number(hops)} times from node to node with their \`Last-Event-ID\`, and
${number(Object.values(faults).reduce((sum, times) => sum + times, 0))} faults, one after the other.

${table(result)}

Acknowledged: \`publish()\` resolved, booked on the publisher's runtime. Everything else is the sum over all readers,
booked on the runtime of the node that served them. Doubled: a reader received an event a second time. Out of order: its
place in the log, or its publisher's number, was not above that of the event before. Lost unsignalled: an acknowledged
event between two places at which a reader was that never came to it, with no gap told in between that covers it; what is
missing at the end counts, too. ${
    number(told)
  } events were missing and covered by a gap: what a flush or a trim destroyed
before a reader, mostly one that was away, had it. ${
    number(refused)
  } events were refused by \`publish()\`, mostly as Redis was away for
longer than \`publishTimeout\`.

${done.join("\n")}
${failure === undefined ? "" : `\n**The run failed:** ${failure}\n`}${
    examples.length === 0 ? "" : `\nThe first faults:\n\n${examples.map((each) => `- ${each}`).join("\n")}\n`
  }`;
}
