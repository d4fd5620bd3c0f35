// Tests a server that is gone for 4 and for 25 seconds, with nothing lost or doubled; and what a runtime must do while the
// client waits for it: stay alive, and exit once the stream is closed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "../../lib/client/mod.ts";
import { events, openStream, resumeAt, startServer } from "../support/client_server.ts";
import { sleep } from "../support/wait.ts";

test(
  "a server that is gone for 4 s, and one for 25 s, loses and doubles nothing",
  { timeout: 90_000 },
  async () => {
    await Promise.all([4000, 25_000].map(async (down) => {
      const first = await startServer((response) =>
        openStream(response).write(events(1, 5) + "id: 6\ndata: cut")
      );
      const stream = connect(first.url, { retry: { base: 100, max: 2000 } });
      let failures = 0;
      stream.onstate = (state) => state === "waiting" && failures++;
      const seen: string[] = [];
      let second: Awaited<ReturnType<typeof startServer>> | undefined;
      for await (const item of stream) {
        seen.push(item.lastEventId);
        if (seen.length === 5) {
          setTimeout(async () => {
            await first.kill();
            await sleep(down);
            second = await startServer(
              (r, request) => openStream(r).write(events(resumeAt(request), 10)),
              first.port,
            );
          }, 200);
        }
        if (seen.length === 10) break;
      }
      await second?.kill();
      assert.deepEqual(seen, Array.from({ length: 10 }, (_, n) => String(n + 1)), `after ${down} ms`);
      assert.ok(failures >= 2, `it tried in between, ${failures} times`);
    }));
  },
);

test("a process stays alive while a retry is pending, and exits when the stream has closed", {
  timeout: 60_000,
}, async () => {
  // The script prints what it sees; its server comes up only after a while in which nothing but the retry is pending.
  const script = fileURLToPath(new URL("../support/client_alive.ts", import.meta.url));
  const port = await startServer(() => {}).then(async (server) => {
    await server.kill();
    return server.port;
  });
  const args = "Deno" in globalThis
    ? ["run", "-A", "--no-check"]
    : "Bun" in globalThis
    ? []
    : process.execArgv;
  const child = spawn(process.execPath, [...args, script, `http://127.0.0.1:${port}/events`]);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
  for (let n = 0; n < 200 && !output.includes("waiting"); n++) await sleep(100);
  await sleep(1000);
  assert.equal(child.exitCode, null, `it is alive while it waits; it wrote: ${output}`);
  const server = await startServer((response) => openStream(response).write(events(1, 1)), port);
  for (let n = 0; n < 200 && child.exitCode === null; n++) await sleep(100);
  const code = child.exitCode;
  child.kill();
  await server.kill();
  assert.equal(code, 0, output);
  assert.match(output, /event 1/);
});
