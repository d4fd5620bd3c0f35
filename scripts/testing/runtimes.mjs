// Knows the runtimes that the suite runs on: where each one is, how it runs test files, how it reports.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { readBun, readDeno, readNode } from "./reports.mjs";

const bin = (name) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

// Files mostly wait: on a machine with two cores Node would run one at a time.
const FILES_AT_ONCE = 2;

export const KINDS = ["node", "bun", "deno"];

/** @returns the runtime of a kind, at `path` or where npm put it */
export function runtime(kind, path = kind === "node" ? process.execPath : bin(kind)) {
  const make = {
    node: {
      read: readNode,
      // Node 18 and 20 read no TypeScript, so tsx does it on all of them.
      command: (files, report, atOnce = FILES_AT_ONCE) => [
        ...[path, "--import", "tsx", "--import", "./scripts/testing/left_open.mjs"],
        ...["--test", `--test-concurrency=${atOnce}`],
        ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
        ...["--test-reporter=./scripts/testing/node_reporter.mjs", `--test-reporter-destination=${report}`],
        ...files,
      ],
    },
    bun: {
      read: readBun,
      // Tests carry their own time limits; Bun's default of 5 s is not one of them.
      command: (files, report) => [
        ...[path, "test", "--timeout=600000", "--reporter=junit", `--reporter-outfile=${report}`],
        // Without "./" Bun takes a name for a filter, not for a file.
        ...files.map((file) => `./${file}`),
      ],
    },
    deno: {
      read: readDeno,
      // Types are checked by a gate of their own, once and not at each run.
      command: (files, report) => [path, "test", "-A", "--no-check", `--junit-path=${report}`, ...files],
    },
  };
  return { kind, path, ...make[kind] };
}

/** Asks a runtime its version, which also proves that it starts. */
export async function version({ kind, path }) {
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 60_000 });
    return /\d+\.\d+\.\d+\S*/.exec(stdout)[0];
  } catch (cause) {
    const remedy = kind === "node"
      ? `Give the path of a Node binary to --node`
      : `Run "npm ci", then "npm rebuild bun deno" (install scripts may have been held back), or leave it out ` +
        `with "npm test -- --only node"`;
    throw new Error(`${path} does not run. ${remedy}`, { cause });
  }
}
