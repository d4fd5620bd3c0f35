/** Reads what an example takes from the environment, and ends the program with one clear line if that is of no use. */

import process from "node:process";

/** Ends the program: the user can mend this, so a line says how, and no stack. */
export function stop(line: string): never {
  console.error(line);
  process.exit(1);
}

/** A number as people write it. `Number()` takes "0x50", "1e3" and " " as well, and nobody means these. */
const NUMBER = /^\d+(\.\d+)?$/;

/** The setting's value, or the default if it is not set, or empty. */
export function numberSetting(
  name: string,
  value: string | undefined,
  range: { default: number; least: number; most: number },
): number {
  const number = value === undefined || value === ""
    ? range.default
    : NUMBER.test(value)
    ? Number(value)
    : NaN;
  if (number >= range.least && number <= range.most) return number;
  stop(`${name} must be a number from ${range.least} to ${range.most}, received ${JSON.stringify(value)}`);
}

/** The port in the setting, or the default if it is not set. 0 is any that is free. */
export function portSetting(name: string, fallback: number): number {
  const value = process.env[name];
  if (value === undefined) return fallback;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  stop(
    `${name} must be a whole number from 0 to 65535, received ${JSON.stringify(value)}: ` +
      `write ${name}=${fallback || 8081}, or ${name}=0 for any port that is free`,
  );
}
