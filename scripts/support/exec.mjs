// Runs a command quietly: its output is shown only when it fails.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { failure, run } from "./run.mjs";

/** @returns {Promise<string>} what the command printed. @throws when it ends otherwise than well. */
export async function exec(command, options) {
  const folder = mkdtempSync(join(tmpdir(), "tidings-exec-"));
  const file = join(folder, "output");
  const stdout = openSync(file, "w");
  try {
    const ended = failure(await run(command, { ...options, stdout }));
    const output = readFileSync(file, "utf8");
    if (ended) throw new Error(`${short(command)} ${ended}\n${output.trimEnd()}`);
    return output;
  } finally {
    closeSync(stdout);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command as it stands in the first line of a message: enough to know it by. */
function short([program, ...args]) {
  const line = `${basename(program)} ${args.join(" ")}`;
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}
