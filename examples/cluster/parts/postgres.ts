/** Makes a database cluster of Postgres in a folder, and says what starts its server. */

import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { stop } from "../../support/settings.ts";
import { find } from "./programs.ts";

/** Postgres refuses to run as root: it is given the user who owns nothing. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** The command that starts a server on a port of 127.0.0.1. */
export async function postgresCommand(folder: string, port: number): Promise<string[]> {
  const initdb = findPostgres("initdb");
  const server = findPostgres("postgres");
  if (initdb === undefined || server === undefined) {
    stop("postgres is not here. On Debian: apt-get install postgresql; on macOS: brew install postgresql");
  }
  mkdirSync(folder, { recursive: true });
  if (isRoot) {
    chmodSync(dirname(folder), 0o711);
    chownSync(folder, NOBODY, NOBODY);
  }
  await run(
    [initdb, "-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    folder,
  );
  return unprivileged([
    ...[server, "-D", folder, "-p", `${port}`, "-h", "127.0.0.1"],
    ...["-c", "unix_socket_directories=", "-c", "log_min_messages=fatal"],
  ]);
}

/** On PATH, or where Debian puts the newest version. */
function findPostgres(program: string): string | undefined {
  const root = "/usr/lib/postgresql";
  try {
    const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    if (newest !== undefined) return join(root, newest, "bin", program);
  } catch {
    // It is not Debian.
  }
  return find(program);
}

function unprivileged(command: string[]): string[] {
  if (!isRoot) return command;
  const setpriv = find("setpriv") ??
    stop("Postgres does not run as root, and setpriv is not here: start this as another user");
  return [setpriv, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", ...command];
}

function run(command: string[], cwd: string): Promise<void> {
  const [program, ...options] = unprivileged(command);
  return new Promise((resolve, reject) => {
    execFile(
      program!,
      options,
      { cwd },
      (error, stdout, stderr) =>
        error ? reject(new Error(`${stdout}${stderr}`, { cause: error })) : resolve(),
    );
  });
}
