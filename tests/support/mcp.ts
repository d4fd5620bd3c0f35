/**
 * Runs MCP servers of the official SDK, 1.x and 2.x, and a client whose connections can be broken.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
// What stands above the imports of 1.x is for Deno, which does not find its types by its paths.
// @ts-types="@modelcontextprotocol/sdk/client/index"
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport as Transport1 } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  McpServer as McpServer2,
  WebStandardStreamableHTTPServerTransport as Transport2,
} from "@modelcontextprotocol/server";
import { eventStore, resume } from "../../lib/mcp/mod.ts";
import type { ResumableStreams } from "../../lib/resumable/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { sleep, until } from "./wait.ts";

/** How long a client waits before it comes back, in milliseconds. */
const RETRY = 20;

/** Why the official SDK cannot run here. */
export const noSdk: string | false = !("crypto" in globalThis) &&
  "the official SDK wants a global crypto, which Node 18 has not";

export type SdkVersion = "1.x" | "2.x";

/** Tells a client of a tool's progress. */
type Tell = (progress: number) => Promise<void>;
interface Result {
  [name: string]: unknown;
  content: { type: "text"; text: string }[];
}
const result = (text: string): Result => ({ content: [{ type: "text", text }] });

/** The work of the tool `count`, which the test lets go on step by step. */
export class Counting {
  readonly steps: number;
  /** Up to which step it may go. */
  allowed = 0;
  /** Which step it has come to. */
  reached = 0;
  errors: unknown[] = [];

  constructor(steps: number) {
    this.steps = steps;
  }

  async run(tell: Tell): Promise<Result> {
    for (let step = 1; step <= this.steps; step++) {
      await until(() => this.allowed >= step, `step ${step} is allowed`);
      await tell(step);
      this.reached = step;
    }
    await until(() => this.allowed > this.steps, "the result is allowed");
    return result(`counted to ${this.steps}`);
  }
}

/** How many messages the tool `burst` sends. */
export const BURSTS = 300;

/** Sends many messages at once, now and then, and waits for none of them. */
async function burst(tell: Tell): Promise<Result> {
  const told: Promise<void>[] = [];
  for (let n = 1; n <= BURSTS; n++) {
    told.push(tell(n));
    if (n % 10 === 0) await sleep(5);
  }
  await Promise.all(told);
  return result("done");
}

interface Transport {
  handleRequest(request: Request): Promise<Response>;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
}

export interface McpProcessOptions {
  readonly version: SdkVersion;
  readonly streams: ResumableStreams;
  readonly counting: Counting;
  /** Who answers a client that comes back: `resume()`, or the SDK's own transport. */
  readonly resumedBy: "resume" | "transport";
}

/** A server of MCP, as one process of several is. */
export class McpProcess {
  readonly port: number;
  readonly close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.close = close;
  }

  static async start({ version, streams, counting, resumedBy }: McpProcessOptions): Promise<McpProcess> {
    const transports = new Map<string, Transport>();
    const closing: (() => unknown)[] = [];
    const make = async (session: string, isKnown: boolean): Promise<Transport> => {
      const events = eventStore(streams, { session });
      const options = {
        // One that only serves a client that comes back has no session of its own: the SDK has no way to give it one.
        sessionIdGenerator: isKnown ? undefined : () => session,
        eventStore: events,
        retryInterval: RETRY,
        onsessioninitialized: () => void transports.set(session, transport),
      };
      const transport: Transport = version === "1.x"
        ? new Transport1(options as ConstructorParameters<typeof Transport1>[0])
        : new Transport2(options as ConstructorParameters<typeof Transport2>[0]);
      transport.onclose = () => void events.close();
      closing.push(() => events.close());
      const server = version === "1.x" ? serverOf1(counting) : serverOf2(counting);
      await (server as { connect(transport: unknown): Promise<void> }).connect(transport);
      return transport;
    };
    const server = await serve(async (request) => {
      const resumed = resumedBy === "resume" ? await resume(streams, request, { retry: RETRY }) : undefined;
      if (resumed !== undefined) return resumed;
      const session = request.headers.get("mcp-session-id");
      const known = session === null ? undefined : transports.get(session);
      const transport = known ?? await make(session ?? randomUUID(), session !== null);
      return transport.handleRequest(request);
    }, { port: 0, hostname: "127.0.0.1", grace: 0, onError: (error) => void counting.errors.push(error) });
    return new McpProcess(server.port, async () => {
      await Promise.all(closing.map((close) => close()));
      await server.close();
    });
  }
}

function serverOf1(counting: Counting): McpServer1 {
  const server = new McpServer1({ name: "counter", version: "1" });
  for (const [name, run] of Object.entries({ count: (tell: Tell) => counting.run(tell), burst })) {
    server.registerTool(name, {}, ({ _meta, sendNotification }) =>
      run((progress) => {
        const params = { progressToken: _meta!.progressToken!, progress };
        return sendNotification({ method: "notifications/progress", params });
      }));
  }
  return server;
}

function serverOf2(counting: Counting): McpServer2 {
  const server = new McpServer2({ name: "counter", version: "1" });
  for (const [name, run] of Object.entries({ count: (tell: Tell) => counting.run(tell), burst })) {
    server.registerTool(name, {}, ({ mcpReq }) =>
      run((progress) => {
        const params = { progressToken: mcpReq._meta!.progressToken!, progress };
        return mcpReq.notify({ method: "notifications/progress", params });
      }));
  }
  return server;
}

/** A client of the SDK that comes back by itself. */
export async function mcpClient(port: number): Promise<Client> {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), {
    reconnectionOptions: {
      initialReconnectionDelay: RETRY,
      maxReconnectionDelay: 10 * RETRY,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 50,
    },
  });
  // deno-lint-ignore no-explicit-any -- the SDK's own types do not fit each other under exactOptionalPropertyTypes
  await client.connect(transport as any);
  return client;
}
