/** Serves the page, and does what its buttons ask for. */

import { plain, Refusal } from "../support/http.ts";
import { type System, system } from "../support/system.ts";
import type { Cluster } from "./parts/cluster.ts";

/** `POST /cluster/act?on=bun&act=kill`: kills, restarts or starts a process, and answers when that is done. */
async function act(cluster: Cluster, request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const { children } = cluster;
  const child = children.find(({ name }) => name === searchParams.get("on"));
  if (child === undefined) throw new Refusal(400, `on: ${children.map(({ name }) => name).join(", ")}`);
  switch (searchParams.get("act")) {
    case "kill":
      await child.end("SIGKILL");
      break;
    case "restart":
      // As a deploy does it: it is told to end, and sends its clients away first.
      await child.end("SIGTERM");
      await child.start();
      break;
    case "start":
      await child.start();
      break;
    default:
      throw new Refusal(400, "act: kill, restart or start");
  }
  return plain(200, child.state);
}

export function control(cluster: Cluster): Promise<System> {
  return system(import.meta, {
    routes: {
      "GET /cluster/figures": async () =>
        Response.json(await cluster.figures(), { headers: { "cache-control": "no-store" } }),
      "POST /cluster/act": (request) => act(cluster, request),
    },
    close: () => cluster.close(),
  });
}
