/** Reads numbers that an example takes from the environment. */

import process from "node:process";

/** The setting's value, or the default if it is not set. Ends the program with a clear line if it is of no use. */
export function numberSetting(
  name: string,
  value: string | undefined,
  range: { default: number; least: number; most: number },
): number {
  const number = value === undefined || value === "" ? range.default : Number(value);
  if (number >= range.least && number <= range.most) return number;
  console.error(`${name} must be a number from ${range.least} to ${range.most}, received "${value}"`);
  process.exit(1);
}
