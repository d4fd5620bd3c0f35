/** Tests that pages of allowed origins can read every answer of every example. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { after, test } from "node:test";
import type { System } from "../../examples/support/system.ts";
import { servers, withServer } from "../support/servers.ts";

const LIMIT = { timeout: 60_000 };
/** What is allowed without ORIGINS, and what is not. */
const PAGE = "http://localhost:5173";
const STRANGER = "https://evil.example";
/** They are programs that begin at once: the cluster and the chat stand on the same router, and MCP is for this machine alone. */
const LEFT_OUT = ["cluster", "ai", "mcp"];

const examples = new URL("../../examples/", import.meta.url);
const systems = new Map<string, System>();
for (const name of await readdir(examples)) {
  const program = new URL(`${name}/server.ts`, examples);
  if (LEFT_OUT.includes(name) || !existsSync(program)) continue;
  for (const value of Object.values(await import(program.href))) systems.set(name, value as System);
}
after(() => Promise.all([...systems.values()].map(({ close }) => close())));

/** Requests that are refused, whatever the routes' table can tell. */
const REFUSED: [method: string, path: string, body: string | undefined, status: number][] = [
  ["POST", "/broadcast", "x".repeat(65_537), 413],
  ["POST", "/broadcast", '{"a', 400],
  ["POST", "/named-events/trouble?kind=x", undefined, 400],
  ["GET", "/v1/api/sse/events", undefined, 400],
  ["GET", "/v1/api/upload?member_id=1&identifier=unknown", undefined, 404],
  ["POST", "/v1/api/upload?member_id=1", "x", 400],
  ["POST", "/tokens/answers", "no JSON", 400],
  ["GET", "/tokens/answers/none", undefined, 404],
  ["GET", "/job/jobs/none", undefined, 404],
  ["DELETE", "/job/jobs/none", undefined, 404],
];

function check(response: Response, origin: string, what: string): void {
  const header = (name: string) => response.headers.get(name);
  assert.match(header("vary") ?? "", /\borigin\b/i, what);
  assert.equal(header("access-control-allow-origin"), origin === PAGE ? PAGE : null, what);
}

test("there are systems to ask", () => assert.ok(systems.size >= 7, [...systems.keys()].join()));

for (const [name, { fetch: handler, routes }] of systems) {
  test(`${name}: every route, and every refusal, over HTTP`, LIMIT, async () => {
    await withServer(servers[0]!, handler, async (port) => {
      const paths = new Set(Object.keys(routes).map((key) => key.split(" ")[1]!.replace("*", "none")));
      const asks: [string, string, string | undefined, number | undefined][] = [
        ["GET", "/nowhere", undefined, 404],
        ...[...paths].flatMap((path): [string, string, string | undefined, number | undefined][] => [
          ["GET", path, undefined, undefined],
          ["POST", path, "x", undefined],
          ["PUT", path, "x", 405],
        ]),
        ...REFUSED.filter(([, path]) => [...paths].some((each) => path.startsWith(each.replace("none", "")))),
      ];
      for (const origin of [PAGE, STRANGER]) {
        for (const [method, path, body, status] of asks) {
          const what = `${method} ${path} from ${origin}`;
          const headers: Record<string, string> = { origin };
          if (body?.startsWith("{")) headers["content-type"] = "application/json";
          const response = await fetch(`http://127.0.0.1:${port}${path}`, {
            method,
            headers,
            redirect: "manual",
            ...(body === undefined ? {} : { body }),
          });
          if (status !== undefined) assert.equal(response.status, status, what);
          check(response, origin, what);
          await response.body?.cancel();

          const ahead = await fetch(`http://127.0.0.1:${port}${path}`, {
            method: "OPTIONS",
            headers: {
              origin,
              "access-control-request-method": method,
              "access-control-request-headers": "content-type",
            },
          });
          assert.equal(ahead.status, 204, `preflight of ${what}`);
          check(ahead, origin, `preflight of ${what}`);
          if (origin === STRANGER) continue;
          assert.match(
            ahead.headers.get("access-control-allow-methods")!,
            new RegExp(`\\b${method}\\b`),
            what,
          );
          assert.match(ahead.headers.get("access-control-allow-headers")!, /\bcontent-type\b/i, what);
        }
      }
    });
  });
}
