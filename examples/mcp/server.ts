/**
 * Serves the Model Context Protocol at `/mcp`, with a tool that reports its progress for some seconds: a client whose
 * connection breaks meanwhile comes back to any process, and has missed nothing.
 *
 *     bun run examples/mcp/server.ts
 *     deno run -A examples/mcp/server.ts
 *     node --import tsx examples/mcp/server.ts
 *
 * It needs `npm ci`. Start several with the same `REDIS_URL`, as in `redis://127.0.0.1:6379`, for several processes: the one
 * that a session began on answers its calls, and each of them those who come back. MCP_PACE (500) is the milliseconds
 * between two of the tool's ten steps. Programs on this machine alone are served; put your authentication there.
 */

import { randomUUID } from "node:crypto";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import process from "node:process";
import { createClient } from "redis";
import { eventStore, resume } from "tidings/mcp";
import { redisStore } from "tidings/redis";
import { ResumableStreams } from "tidings/resumable";
import { run } from "../support/run.ts";
import { numberSetting } from "../support/settings.ts";
import { toolServer } from "./tools.ts";

const { REDIS_URL: url } = process.env;
const pace = numberSetting("MCP_PACE", process.env["MCP_PACE"], { default: 500, least: 1, most: 60_000 });
/** Milliseconds that a client waits before it comes back. */
const retry = 500;

const streams = new ResumableStreams(url ? { store: redisStore(createClient({ url })) } : {});
const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();

async function serveMcp(request: Request): Promise<Response> {
  // Whoever comes back is answered here, whichever process has the session and runs the call.
  const resumed = await resume(streams, request, { retry });
  if (resumed !== undefined) return resumed;
  const id = request.headers.get("mcp-session-id");
  if (id === null) return (await begin()).handleRequest(request);
  return await sessions.get(id)?.handleRequest(request) ?? refuse(404, -32001, "Session not found");
}

/** A session, which is one as soon as its client has initialized it. */
async function begin(): Promise<WebStandardStreamableHTTPServerTransport> {
  const session = randomUUID();
  const events = eventStore(streams, { session });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => session,
    onsessioninitialized: () => void sessions.set(session, transport),
    eventStore: events,
    retryInterval: retry,
  });
  transport.onclose = () => {
    sessions.delete(session);
    events.close().catch(console.error);
  };
  await toolServer(transport, pace);
  return transport;
}

/** A page of another site must not reach a server of this machine, whatever name it found for it. */
function isLocal(request: Request): boolean {
  const origin = request.headers.get("origin");
  return [request.url, origin ?? request.url].every((each) =>
    URL.canParse(each) && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(new URL(each).hostname)
  );
}

function refuse(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}

await run(
  (request) => {
    if (!isLocal(request)) return refuse(403, -32000, "Programs on this machine alone are served");
    if (new URL(request.url).pathname !== "/mcp") return refuse(404, -32601, "The server is at /mcp");
    return serveMcp(request);
  },
  async () => {
    for (const transport of [...sessions.values()]) await transport.close();
    await streams.close();
  },
);
