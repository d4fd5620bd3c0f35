#!/usr/bin/env node
/**
 * Runs the package's command, `npx tidings init` for example: it finds the command that was asked for, and prints what is
 * wrong.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import process from "node:process";
import { nearestName } from "../base/options.ts";
import { type Command, CommandError, type Package } from "./command.ts";

/** Each command, loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, { summary: string; load(): Promise<Command> }>> = {
  hub: {
    summary: "[settings]  run a hub, to which any program publishes over HTTP",
    load: async () => (await import("./hub.ts")).hub,
  },
  init: {
    summary: "[folder]   write a server and a page that run",
    load: async () => (await import("./init.ts")).init,
  },
};

const USAGE = `tidings: Server-Sent Events for every web-standard runtime

${Object.entries(COMMANDS).map(([name, { summary }]) => `  tidings ${name} ${summary}`).join("\n")}
  tidings --version
  tidings --help`;

async function installed(): Promise<Package> {
  // Two folders up from here, and from what is built of this: dist/lib/cli.js.
  const folder = new URL("../../", import.meta.url);
  const { version } = JSON.parse(await readFile(new URL("package.json", folder), "utf8"));
  return { folder, version };
}

async function main([name, ...args]: string[]): Promise<void> {
  if (name === undefined || name === "--help" || name === "-h") return console.log(USAGE);
  if (name === "--version" || name === "-v") return console.log((await installed()).version);
  if (!Object.hasOwn(COMMANDS, name)) {
    const nearest = nearestName(name, Object.keys(COMMANDS));
    const remedy = nearest === undefined ? `\n\n${USAGE}` : ` did you mean "${nearest}"?`;
    throw new CommandError(`Unknown command "${name}":${remedy}`);
  }
  const command = await COMMANDS[name]!.load();
  await command(args, await installed());
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // What a person can mend is told in a sentence; a mistake in here keeps its stack.
  const { code } = error as { code?: unknown };
  if (!(error instanceof CommandError) && typeof code !== "string") throw error;
  console.error((error as Error).message);
  process.exitCode = 1;
}
