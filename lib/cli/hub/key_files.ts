/**
 * Reads the keys that are given as files, where containers find their secrets.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { errorText, show } from "../../base/errors.ts";
import { CommandError } from "../command.ts";
import type { Setting, Values } from "../settings.ts";

/** Each setting that names a file, and the setting whose value is in it. */
const HELD: Readonly<Record<string, string>> = {
  "jwt-secret-file": "jwt-secret",
  "jwt-public-key-file": "jwt-public-key",
};

export const KEY_FILE_SETTINGS: readonly Setting[] = [
  {
    name: "jwt-secret-file",
    variable: "TIDINGS_JWT_SECRET_FILE",
    value: "<file>",
    help: "or a file that holds the secret",
  },
  {
    name: "jwt-public-key-file",
    variable: "TIDINGS_JWT_PUBLIC_KEY_FILE",
    value: "<file>",
    help: "or a file that holds the public key",
  },
];

/** The files that settings name, to be watched. */
export function keyFiles(values: Values): string[] {
  return Object.keys(HELD).flatMap((name) => values[name] ?? []);
}

/**
 * The settings, with what is in the files that they name.
 *
 * @throws {CommandError} If a file cannot be read, is empty, or its setting is given directly too.
 */
export async function withKeyFiles(values: Values): Promise<Values> {
  const read: Record<string, string | undefined> = { ...values };
  for (const [name, held] of Object.entries(HELD)) {
    const file = values[name];
    if (file === undefined) continue;
    if (values[held] !== undefined) {
      throw new CommandError(`Choose one of ${held} and ${name}`);
    }
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      throw new CommandError(
        `The setting "${name}" must name a file, received ${show(file)}: ${errorText(error)}`,
      );
    }
    // An editor, and `openssl`, end it with a line break that is no part of it.
    read[held] = text.replace(/\r?\n$/, "");
    if (read[held] === "") {
      throw new CommandError(
        `The file ${file} of the setting "${name}" is empty`,
      );
    }
  }
  return read;
}
