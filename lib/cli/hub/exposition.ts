/**
 * Writes figures in the text format that Prometheus reads (version 0.0.4).
 *
 * @module
 */

/** The media type of the text. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** What a figure is of: the values that set it apart from others of its name. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly value: number;
  readonly labels?: Labels;
  /** What stands behind the family's name: `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
}

/** Figures that share a name. */
export interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The text of all figures. */
export function exposition(families: readonly Family[]): string {
  return families.map(({ name, type, help, samples }) => {
    const lines = samples.map(({ value, labels = {}, suffix = "" }) =>
      `${name}${suffix}${labelsOf(labels)} ${numberOf(value)}\n`
    );
    return `# HELP ${name} ${help.replace(/[\\\n]/g, escape)}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  }).join("");
}

function labelsOf(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replace(/[\\\n"]/g, escape)}"`
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escape(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

function numberOf(value: number): string {
  return value === Infinity ? "+Inf" : String(value);
}
