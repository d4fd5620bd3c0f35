/** Builds the contenders that are written in Go, into a temporary folder, where Go is installed. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SOURCE = fileURLToPath(new URL("../contenders/go", import.meta.url));
const LIMIT = 300_000;

/** @returns {Promise<{ program: string, version: string } | { missing: string }>} */
export async function buildGo() {
  // It has no dependencies, so nothing is fetched, no other version of Go either.
  const env = { ...process.env, GOPROXY: "off", GOTOOLCHAIN: "local", GOFLAGS: "" };
  const go = (...args) => promisify(execFile)("go", args, { cwd: SOURCE, env, timeout: LIMIT });
  let version;
  try {
    version = (await go("env", "GOVERSION")).stdout.trim().replace(/^go/, "");
  } catch {
    return { missing: "Go cannot be started: is it installed? On Debian it is golang-go" };
  }
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-go-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, "server");
  await go("build", "-o", program, ".");
  return { program, version };
}
