/**
 * Starts three servers on different runtimes over one shared log, behind a proxy, and a page whose buttons kill them: the
 * numbers that arrive have no hole and come once.
 *
 *     bun run examples/cluster/server.ts
 *     deno run -A examples/cluster/server.ts
 *     node --import tsx examples/cluster/server.ts
 *
 * `ENGINE` says what holds the log: `redis` (the default), `nats`, `sqlite` or `postgres`. A server of that kind is started,
 * and so has to be installed; SQLite needs none. `REDIS_URL`, `NATS_URL` or `DATABASE_URL` name one that runs already, and
 * `DATA` the file: they are left alone, and the numbers go on after the last that is there.
 *
 * It needs `npm ci`, and takes the runtimes that are there, and nginx if that is; `PROXY=own` does without. `PORT` (8080) and
 * `HOST` (0.0.0.0) say where the proxy listens.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { serve } from "tidings/serve";
import { Cluster } from "./parts/cluster.ts";
import { control } from "./control.ts";
import { nginx } from "./parts/nginx.ts";
import { freePort } from "./parts/free_port.ts";
import { engineSetting } from "./parts/engines.ts";
import { find, runtimes } from "./parts/programs.ts";
import { startProxy } from "./parts/proxy.ts";
import { portSetting } from "../support/settings.ts";

const wanted = portSetting("PORT", 8080);
const engine = engineSetting();

const folder = mkdtempSync(join(tmpdir(), "tidings-cluster-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const cluster = await Cluster.start(engine, runtimes(), folder);
const closing: (() => void | Promise<void>)[] = [];
const end = async () => {
  // A second Ctrl+C ends it the hard way.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  for (const close of closing.reverse()) await close();
  process.exit();
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);

try {
  const { fetch, close } = await control(cluster);
  closing.push(close);
  const page = await serve(fetch, { port: 0, hostname: "127.0.0.1", grace: 0 });
  closing.push(() => page.close());

  const { HOST = "0.0.0.0", PROXY } = process.env;
  const port = wanted || await freePort();
  const options = { port, hostname: HOST, home: page.port, nodes: cluster.ports };
  const program = PROXY === "own" ? undefined : find("nginx");
  if (program === undefined) {
    closing.push(await startProxy(options));
  } else {
    const child = nginx(program, join(folder, "nginx"), options);
    closing.push(() => child.end("SIGTERM"));
    await child.start();
  }
  console.log(`cluster: ${engine.title} holds the log`);
  console.log(`cluster: behind ${program === undefined ? "a proxy of its own" : "nginx"}`);
  console.log(`Listening on http://${HOST === "0.0.0.0" ? "localhost" : HOST}:${port}/`);
} catch (error) {
  console.error(error instanceof Error ? `${error.message} (set PORT and HOST)` : error);
  process.exitCode = 1;
  await end();
}
