/** Offers the tools of the server, to one session. */

import { McpServer, type WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const STEPS = 10;

/**
 * Connects a server of its own with a session's transport, as the SDK wants it.
 *
 * @param pace Milliseconds between two steps of a tool.
 */
export async function toolServer(
  transport: WebStandardStreamableHTTPServerTransport,
  pace: number,
): Promise<void> {
  const server = new McpServer({ name: "tidings-example", version: "1.0.0" }, {
    capabilities: { logging: {} },
  });
  const text = (what: string) => ({ content: [{ type: "text" as const, text: what }] });

  server.registerTool(
    "count",
    { description: `Counts to ${STEPS}, and reports its progress` },
    async ({ mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (let progress = 1; progress <= STEPS && !mcpReq.signal.aborted; progress++) {
        await sleep(pace);
        if (progressToken === undefined) continue;
        const params = { progressToken, progress, total: STEPS };
        await mcpReq.notify({ method: "notifications/progress", params });
      }
      return text(`Counted to ${STEPS} in process ${process.pid}`);
    },
  );

  // Called by the protocol's conformance suite, which gave it its name.
  server.registerTool(
    "test_reconnection",
    { description: "Breaks its own connection, and answers whoever comes back" },
    async ({ mcpReq }) => {
      // Its id is where a client of an older protocol can go on, whose streams do not begin with one.
      await mcpReq.notify({
        method: "notifications/message",
        params: { level: "info", data: "Come back" },
      });
      transport.closeSSEStream(mcpReq.id);
      await sleep(pace);
      return text("You came back");
    },
  );

  await server.connect(transport);
}
