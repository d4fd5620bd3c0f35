/** Draws the results as bar charts: one SVG a figure, with a group of bars for each runtime. */
import { writeFileSync } from "node:fs";

const WIDTH = 720;
const LEFT = 240;
const RIGHT = 80;
const BAR = 18;
const GAP = 4;
const GROUP = 30;
const TOP = 62;

// It is shown on light and on dark pages, as an image: it must bring both sets of colours itself.
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .runtime { font-weight: 600 }
  .peer { fill: #afb8c1 } .raw { fill: #d8dee4 } .tidings { fill: #0969da }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .peer { fill: #6e7681 } .raw { fill: #484f58 } .tidings { fill: #4493f8 }
  }`;

/** Writes a chart for each figure that is marked for one. */
export function writeCharts({ scenarios, versions }, folder) {
  for (const { id, title, figures, results } of scenarios) {
    for (const [key, figure] of Object.entries(figures)) {
      if (!figure.chart) continue;
      const groups = Object.entries(results).map(([kind, contenders]) => ({
        label: `${kind} ${versions[kind]}`,
        bars: Object.entries(contenders)
          .map(([name, result]) => ({
            name,
            value: result.figures[key]?.median,
          }))
          .filter(({ value }) => Number.isFinite(value)),
      })).filter(({ bars }) => bars.length > 0);
      if (groups.length > 0) {
        writeFileSync(`${folder}/${id}-${key}.svg`, chart(title, caption(figure), groups, figure));
      }
    }
  }
}

const caption = ({ label, unit, higherIsBetter }) =>
  `${label}${unit && `, ${unit}`} (${higherIsBetter ? "more" : "less"} is better)`;

function chart(title, subtitle, groups, { digits }) {
  const most = Math.max(
    ...groups.flatMap(({ bars }) => bars.map(({ value }) => value)),
    0,
  );
  const scale = (value) => most === 0 ? 0 : Math.max(0, value / most) * (WIDTH - LEFT - RIGHT);
  let y = TOP;
  const parts = groups.map(({ label, bars }) => {
    const head = text(0, y + 13, label, "runtime");
    const rows = bars.map(({ name, value }) => {
      const at = y;
      y += BAR + GAP;
      const length = scale(value).toFixed(1);
      const kind = name === "raw" || name === "bare socket"
        ? "raw"
        : name.startsWith("tidings")
        ? "tidings"
        : "peer";
      return `${text(LEFT - 8, at + 13, name, "", "end")}
<rect class="${kind}" x="${LEFT}" y="${at}" width="${length}" height="${BAR}" rx="2"/>
${text(LEFT + Number(length) + 6, at + 13, value.toFixed(digits))}`;
    });
    y += GROUP - GAP;
    return [head, ...rows].join("\n");
  });
  const height = y - GROUP + GAP + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${
    escape(`${title}: ${subtitle}`)
  }">
<style>${STYLE}
</style>
${text(0, 18, title, "title")}
${text(0, 38, subtitle)}
${parts.join("\n")}
</svg>
`;
}

function text(x, y, content, style = "", anchor = "start") {
  const attributes = `${style && ` class="${style}"`}${anchor === "end" ? ' text-anchor="end"' : ""}`;
  return `<text x="${x.toFixed(1)}" y="${y}"${attributes}>${escape(content)}</text>`;
}

const escape = (value) =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    '"',
    "&quot;",
  );
