/** Starts a Postgres server, for one run, with the settings that it comes with: each commit waits for the disk. */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import process from "node:process";
import { join } from "node:path";
import { promisify } from "node:util";
import { runProgram } from "./program.mjs";
import { freePort } from "./redis.mjs";

// It refuses to run as root, and is given the user who owns nothing.
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** @returns {Promise<{ address: string, stop(): Promise<void> }>} */
export async function startPostgres() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-postgres-"));
  if (isRoot) chownSync(folder, NOBODY, NOBODY);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories="];
  const [program, ...args] = unprivileged("initdb", [
    ...["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
    ...["--locale=C", "--no-sync", "--no-instructions"],
  ]);
  await promisify(execFile)(program, args, { cwd: folder }).catch((cause) => {
    throw new Error("initdb cannot be run: is postgresql installed?", { cause });
  });
  const server = unprivileged("postgres", ["-D", data, ...settings.flatMap((setting) => ["-c", setting])]);
  // SIGQUIT ends its children, too, and at once.
  const stop = await runProgram(server, {
    ready: "ready to accept connections",
    signal: "SIGQUIT",
    cwd: folder,
  });
  return {
    address: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Debian puts the programs of each version into a folder of their own; elsewhere they are on the path. */
function programs() {
  const root = "/usr/lib/postgresql";
  if (!existsSync(root)) return "";
  const [newest] = readdirSync(root).sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? "" : join(root, newest, "bin");
}

function unprivileged(name, args) {
  const program = join(programs(), name);
  if (!isRoot) return [program, ...args];
  return ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", program, ...args];
}
