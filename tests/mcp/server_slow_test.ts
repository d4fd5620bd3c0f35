/** Tests the example's server alone: what it refuses, and by the protocol's conformance suite, installed in a folder of its own. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { serve } from "../../lib/serve/mod.ts";
import { Example } from "../support/example.ts";
import { runtime } from "../support/runtime.ts";

const SUITE = "@modelcontextprotocol/conformance";
const VERSION = "0.1.16";
/** What the suite's scenarios of resumability were written for. */
const PROTOCOL = "2025-11-25";

const folder = mkdtempSync(join(tmpdir(), "tidings-conformance-"));
/** Why the suite cannot be run here; on a CI machine it has to be. */
const skip: string | false = await install();
let example: Example;

before(async () => {
  example = await new Example("mcp/server.ts", { PORT: "0", MCP_PACE: "100" }).ready();
});

after(async () => {
  example.signal("SIGTERM");
  await example.ended();
  rmSync(folder, { recursive: true, force: true });
});

/** The suite is one program, and the server another: it need not run on every runtime. */
async function install(): Promise<string | false> {
  if (runtime === "deno") return "the suite is run by Node and by Bun";
  if (runtime === "node" && Number(process.versions.node.split(".")[0]) < 22) {
    return "the suite needs Node 22";
  }
  writeFileSync(join(folder, "package.json"), '{ "private": true }');
  const wanted = `${SUITE}@${VERSION}`;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"];
  const { code, output } = await run(npm, ["install", ...flags, wanted]);
  if (code === 0) return false;
  if (process.env["CI"]) throw new Error(`${wanted} could not be installed:\n${output}`);
  return `${wanted} could not be installed, perhaps for want of a network`;
}

/** Runs a program in the suite's folder. */
function run(program: string, args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: folder, timeout: 110_000, env: { ...process.env, NO_COLOR: "1" } }, (
      error,
      stdout,
      stderr,
    ) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1) || 1, output: `${stdout}\n${stderr}` }));
  });
}

/** Runs a scenario, and says what it had to say. */
async function scenario(name: string, url: string): Promise<string> {
  const program = join(folder, "node_modules", SUITE, "dist/index.js");
  const { code, output } = await run(process.execPath, [program, "server", "--url", url, "--scenario", name]);
  // deno-lint-ignore no-control-regex -- it colours, whatever it is told
  const said = output.replace(/\x1b\[\d+m/g, "");
  assert.equal(code, 0, said);
  assert.match(said, /\b0 failed\b/);
  return said;
}

const check = (what: string, perform: () => Promise<void>) => test(what, { skip, timeout: 120_000 }, perform);

test("programs of this machine alone are served, at /mcp, in sessions that there are", async () => {
  const status = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${example.url}${path}`, { headers });
    const { jsonrpc, error } = await response.json();
    assert.equal(jsonrpc, "2.0");
    assert.equal(typeof error.message, "string");
    return response.status;
  };
  const accept = "text/event-stream";
  assert.equal(await status("/"), 404);
  for (const origin of ["https://evil.example", "null", "http://localhost.evil.example"]) {
    assert.equal(await status("/mcp", { accept, origin }), 403, origin);
  }
  const unknown = { accept, "mcp-session-id": randomUUID() };
  assert.equal(await status("/mcp", { ...unknown, origin: "http://localhost:5173" }), 404);
  assert.equal(await status("/mcp", { ...unknown, "last-event-id": "forged" }), 400);
  assert.equal(await status("/mcp", { accept, "last-event-id": "forged" }), 400);
  const long = "x".repeat(151);
  assert.equal(await status("/mcp", { accept, "mcp-session-id": long, "last-event-id": "x" }), 404);
});

check("server-sse-polling: a stream that the server closes is resumed", async () => {
  const said = await scenario("server-sse-polling", `${example.url}/mcp`);
  assert.match(said, /server-sse-disconnect-resume *\] *SUCCESS/);
});

check("server-sse-polling, as a client of the protocol's present version: with no warning", async () => {
  // The scenario says of itself that it is older than what it looks for, which the SDK does not send to older ones.
  const relay = await serve((request) => {
    const headers = new Headers(request.headers);
    if (headers.has("mcp-protocol-version")) headers.set("mcp-protocol-version", PROTOCOL);
    headers.delete("connection");
    const { method, body } = request;
    const init = { method, headers, body, duplex: "half" };
    return fetch(`${example.url}/mcp`, init as RequestInit);
  }, { port: 0, hostname: "127.0.0.1", grace: 0 });
  try {
    const said = await scenario("server-sse-polling", `${relay.url}mcp`);
    for (
      const name of ["server-sse-priming-event", "server-sse-retry-field", "server-sse-disconnect-resume"]
    ) {
      assert.match(said, new RegExp(`${name} *\\] *SUCCESS`));
    }
    assert.match(said, /\b0 warnings\b/);
  } finally {
    await relay.close();
  }
});

check("server-sse-multiple-streams: several streams at once", async () => {
  const said = await scenario("server-sse-multiple-streams", `${example.url}/mcp`);
  assert.match(said, /\b0 warnings\b/);
});
