/**
 * Checks options, at construction: the message names the option and the value that was received.
 *
 * @module
 */

import { type Clock, LONGEST_TIMER, systemClock } from "./clock.ts";
import { show } from "./errors.ts";

/** A wrong option is a programming mistake: a `TypeError` that names it. */
export function wrongOption(name: string, rule: string, value: unknown): TypeError {
  return new TypeError(`Option "${name}" must be ${rule}, received ${show(value)}`);
}

/**
 * The names of options, as a list that the compiler keeps complete: an option without its name here would be refused, and
 * a name without an option would be ignored.
 */
export function namesOf<Options>(names: Readonly<Record<keyof Options, true>>): readonly string[] {
  return Object.keys(names);
}

/**
 * Refuses an options object that is none, and one with a name that is not known: a misspelt option would be ignored
 * without a word. An option whose value is `undefined` counts as left out, whatever its name.
 *
 * @param what What the options are of, for the message: `"Broadcaster"`, or the option that holds them.
 * @param names The names that are known.
 * @param renamed For a name that an option had before, or has elsewhere, what to use now.
 * @param bare The option that a number or a string in the place of the object most likely stands for.
 * @throws {TypeError} Naming the option, and the nearest known one, or all of them if none is near.
 */
export function checkNames(
  what: string,
  options: object,
  names: readonly string[],
  renamed: Readonly<Record<string, string>> = {},
  bare?: string,
): void {
  if (typeof options !== "object" || options === null) {
    const isBare = bare !== undefined && (typeof options === "number" || typeof options === "string");
    const remedy = isBare ? `: write { ${bare}: ${show(options)} }` : "";
    throw new TypeError(`The options of ${what} must be an object, received ${show(options)}${remedy}`);
  }
  for (const name in options) {
    if (names.includes(name) || (options as Record<string, unknown>)[name] === undefined) continue;
    throw new TypeError(`Unknown option "${name}" of ${what}: ${remedy(name, names, renamed)}`);
  }
}

function remedy(name: string, names: readonly string[], renamed: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(renamed, name)) return `use ${renamed[name]}`;
  const nearest = nearestName(name, names);
  return nearest === undefined ? `the options are ${names.join(", ")}` : `did you mean "${nearest}"?`;
}

/** The known name that a misspelt one most likely means, if one is near: a third of it may differ. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3));
  for (const each of names) {
    // "client" for "clients", "topic" for "topics", and a different case, count as nearest of all.
    const [a, b] = [name.toLowerCase(), each.toLowerCase()];
    const distance = a === b ? 0 : editDistance(a, b);
    if (distance <= least && (nearest === undefined || distance < least)) {
      nearest = each;
      least = distance;
    }
  }
  return nearest;
}

/** How many letters have to be put in, taken out, exchanged or swapped with their neighbour to make one text the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let least = Math.min(
        above[column]! + 1,
        current[column - 1]! + 1,
        above[column - 1]! + (isSame ? 0 : 1),
      );
      const isSwap = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && isSwap) least = Math.min(least, before[column - 2]! + 1);
      current.push(least);
    }
    [before, above] = [above, current];
  }
  return above[b.length]!;
}

/** A number that is at least `least`; `Infinity` passes where `endless` says so. */
export function numberOption(
  name: string,
  value: number,
  { least, unit, whole = true, endless = false }: {
    least: number;
    unit: string;
    whole?: boolean;
    endless?: boolean;
  },
): number {
  const finite = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if ((finite && value >= least) || (endless && value === Infinity)) return value;
  const kind = whole ? "a whole number" : "a number";
  throw wrongOption(name, `${kind} of ${unit}, at least ${least}${endless ? ", or Infinity" : ""}`, value);
}

/**
 * Milliseconds that a timer may be set to: at most 2,147,483,647, some 24 days, since a runtime's timer that is set to more
 * fires at once. `Infinity`, where `endless` allows it, stands for never.
 */
export function durationOption(
  name: string,
  value: number,
  { least, endless = false }: { least: number; endless?: boolean },
): number {
  numberOption(name, value, { least, unit: "milliseconds", endless });
  if (value <= LONGEST_TIMER || value === Infinity) return value;
  throw wrongOption(
    name,
    `at most ${LONGEST_TIMER} milliseconds, the longest that a timer can take${
      endless ? ", or Infinity" : ""
    }`,
    value,
  );
}

/** The option `clock`: time and chance, the runtime's own unless it is given. */
export function clockOption(clock: Clock | undefined): Clock {
  if (clock === undefined) return systemClock;
  if (typeof clock?.now !== "function" || typeof clock.setTimeout !== "function") {
    throw wrongOption("clock", "an object with now, setTimeout, clearTimeout and random", clock);
  }
  return clock;
}

/** True or false, or nothing. */
export function booleanOption(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw wrongOption(name, "true or false", value);
}

/** A function, or nothing. */
export function functionOption<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== "function") throw wrongOption(name, "a function", value);
  return value;
}

/** A text, or nothing. */
export function textOption(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "string") throw wrongOption(name, "a string", value);
}

/** A signal, or nothing. */
export function signalOption(value: unknown): void {
  if (value === undefined) return;
  if (typeof (value as AbortSignal | null)?.addEventListener !== "function") {
    throw wrongOption("signal", "an AbortSignal", value);
  }
}
