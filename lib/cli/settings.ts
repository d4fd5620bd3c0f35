/**
 * Reads the settings of a command: from its flags, from the environment, and from a file, in this order.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { errorText, show } from "../base/errors.ts";
import { nearestName } from "../base/options.ts";
import { CommandError } from "./command.ts";

/** One setting. */
export interface Setting {
  /** Its name in a file, and with two dashes its flag. */
  readonly name: string;
  /** Its name in the environment, where it has one. */
  readonly variable?: string;
  /** What stands for its value in the help; without it, it is on or off. */
  readonly value?: string;
  readonly help: string;
  /** Whether it is a secret: it has no flag, since every user of the machine sees those, and is never shown. */
  readonly isSecret?: boolean;
  /** Whether it is a list, for which there is room in a file only: its value is JSON. */
  readonly isList?: boolean;
}

/** The values, by their names; a setting that is on or off is `"true"` or `"false"`, and a list is JSON. */
export type Values = Readonly<Record<string, string | undefined>>;

/** The flag that names the file of settings, and its name among the values. */
export const FILE = "config";

/**
 * Reads all settings.
 *
 * @param command The command's name, for messages.
 * @throws {CommandError} Naming the setting that is not known, or has a value that is of no use.
 */
export async function readSettings(
  command: string,
  settings: readonly Setting[],
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Values> {
  const flags = readFlags(command, settings, args);
  const file = flags[FILE];
  const inFile = file === undefined ? {} : await readFileOf(file, settings);
  const values: Record<string, string | undefined> = { [FILE]: file };
  for (const { name, variable, value, isList } of settings) {
    const inEnvironment = variable === undefined ? undefined : env[variable] || undefined;
    const found = flags[name] ?? inEnvironment ?? inFile[name];
    if (found !== undefined && value === undefined && isList !== true) values[name] = onOrOff(name, found);
    else values[name] = found;
  }
  return values;
}

function readFlags(command: string, settings: readonly Setting[], args: readonly string[]): Values {
  const flags = settings.filter(hasFlag);
  const options = Object.fromEntries(
    [...flags.map(({ name, value }) => [name, value === undefined ? "boolean" : "string"]), [FILE, "string"]]
      .map(([name, type]) => [name, { type: type as "boolean" | "string" }]),
  );
  for (const arg of args) {
    const name = arg.startsWith("--") ? arg.slice(2).split("=", 1)[0]! : undefined;
    if (name === undefined || name === "" || Object.hasOwn(options, name)) continue;
    const secret = settings.find((setting) => !hasFlag(setting) && setting.name === name);
    if (secret?.isList === true) {
      throw new CommandError(`There is no --${name}: it is for the file of --${FILE}`);
    }
    if (secret !== undefined) {
      throw new CommandError(
        `--${name} is no flag, since every user of the machine could read it: set ${secret.variable} instead`,
      );
    }
    const nearest = nearestName(name, Object.keys(options));
    const remedy = nearest === undefined ? `see tidings ${command} --help` : `did you mean --${nearest}?`;
    throw new CommandError(`There is no --${name}: ${remedy}`);
  }
  let values: Readonly<Record<string, unknown>>;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new CommandError(errorText(error));
  }
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

function hasFlag({ isSecret, isList }: Setting): boolean {
  return isSecret !== true && isList !== true;
}

async function readFileOf(path: string, settings: readonly Setting[]): Promise<Values> {
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    // What a parser says of a text may quote it, and a secret with it.
    const why = error instanceof SyntaxError ? "it is no JSON" : errorText(error);
    throw new CommandError(`--${FILE} must name a file of JSON, received ${show(path)}: ${why}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new CommandError(`The file ${path} must hold an object of settings`);
  }
  const names = settings.map(({ name }) => name);
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(content)) {
    if (!names.includes(name)) {
      const nearest = nearestName(name, names);
      const remedy = nearest === undefined
        ? `the settings are ${names.join(", ")}`
        : `did you mean "${nearest}"?`;
      throw new CommandError(`The file ${path} has a setting "${name}" that is not known: ${remedy}`);
    }
    if (settings.some((setting) => setting.isList === true && setting.name === name)) {
      // The value may hold secrets.
      if (!Array.isArray(value)) throw new CommandError(`The setting "${name}" in ${path} must be a list`);
      values[name] = JSON.stringify(value);
      continue;
    }
    if (!["string", "number", "boolean"].includes(typeof value)) {
      throw new CommandError(`The setting "${name}" in ${path} must be text, a number, or true or false`);
    }
    values[name] = String(value);
  }
  return values;
}

function onOrOff(name: string, value: string): string {
  if (["true", "1", "yes", "on"].includes(value.toLowerCase())) return "true";
  if (["false", "0", "no", "off"].includes(value.toLowerCase())) return "false";
  throw new CommandError(`The setting "${name}" must be true or false, received ${show(value)}`);
}

/** What the help says of the settings, one to a line or two. */
export function describe(settings: readonly Setting[]): string {
  const left = settings.map((setting) =>
    hasFlag(setting) ? `--${setting.name}${setting.value === undefined ? "" : ` ${setting.value}`}` : ""
  );
  const width = Math.max(...left.map(({ length }) => length));
  const place = ({ name, variable }: Setting) => variable ?? `"${name}" in the file`;
  return settings.map((setting, i) => `  ${left[i]!.padEnd(width)}  ${setting.help} (${place(setting)})`)
    .join("\n");
}
