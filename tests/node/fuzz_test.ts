/**
 * Tests `toNodeListener` by random requests over raw sockets: any chunking, pipelined, broken off, ambiguous. Nothing is ever
 * answered twice, out of order or for something that was not asked, and nothing stays behind.
 *
 *     TIDINGS_FUZZ=20000 node --import tsx --test tests/node/fuzz_test.ts
 *
 * A failure names a seed: with that as TIDINGS_SEED and TIDINGS_FUZZ=1 the one case runs again.
 */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { createSSEResponse } from "../../mod.ts";
import { toNodeListener } from "../../lib/node/mod.ts";
import { RawClient } from "../support/client.ts";
import { echoed, type Fate, pieces, randomRequest, readResponses, type Sent } from "../support/http_fuzz.ts";
import { Random } from "../support/random.ts";
import { runtime } from "../support/runtime.ts";
import { until } from "../support/wait.ts";

const CASES = Number(process.env["TIDINGS_FUZZ"] ?? 400);
const SEED = Number(process.env["TIDINGS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const AT_ONCE = 8;
/** How often the client goes away in the middle: once in so many connections. */
const LEAVING = 4;

/** What became of a request that reached the handler. */
interface Call {
  readonly signal: AbortSignal;
  settled: boolean;
}

const calls = new Map<string, Call>();
const problems: unknown[] = [];

async function handle(request: Request): Promise<Response> {
  const { method, url, headers, signal } = request;
  const { pathname, searchParams } = new URL(url);
  const id = searchParams.get("n") ?? "none";
  if (calls.has(id)) problems.push(`${id} was answered twice`);
  const call: Call = { signal, settled: false };
  calls.set(id, call);
  try {
    switch (pathname.split("/")[1]) {
      case "echo":
        return new Response(echoed(method, url, headers.get("x-dup"), await request.text()));
      case "pipe":
        return new Response(request.body);
      case "some":
        await request.body?.getReader().read();
        return new Response("some");
      case "cancel":
        await request.body?.cancel();
        return new Response("cancel");
      case "stream":
        return createSSEResponse(request, ["one", "two"], { final: false });
      case "throw":
        throw new Error("as it was asked to");
      default:
        return new Response("ignore");
    }
  } finally {
    call.settled = true;
  }
}

/** One connection: requests, their bytes in pieces, and perhaps a client that leaves. */
async function run(port: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const count = 1 + random.below(random.pick([1, 2, 6]));
  const list: Sent[] = [];
  for (let n = 0; n < count; n++) list.push(randomRequest(random, `${seed}-${n}`, n === count - 1));
  const text = list.map((sent) => sent.text).join("");
  const leaving = random.oneIn(LEAVING);
  const sent = leaving ? text.slice(0, random.below(text.length + 1)) : text;

  const client = await RawClient.open(port, undefined);
  for (const piece of pieces(random, sent)) {
    if (client.closed) break;
    client.send(Buffer.from(piece, "latin1"));
    if (random.oneIn(2)) await new Promise((resolve) => setImmediate(resolve));
  }
  if (leaving) {
    if (random.oneIn(2)) client.reset();
    else client.end();
  }
  const methods = list.map(({ method }) => method);
  const answered = () => {
    if (client.closed) return true;
    const got = readResponses(client.text, methods);
    return got.length === list.length && got.every(({ complete }) => complete);
  };
  await until(answered, "all is answered");
  client.end();
  await client.untilClosed();
  await until(() => list.every(({ id }) => calls.get(id)?.settled !== false), "every handler is done");

  const reached = list.filter(({ id }) => calls.has(id));
  for (const { id, fate } of reached) {
    assert.ok(
      fate.kind === "answer" || (fate.kind === "fatal" && fate.called),
      `the handler was called for ${id}`,
    );
  }
  const fatal = list.findIndex(({ fate }) => fate.kind === "fatal");
  const after = list.slice(fatal === -1 ? list.length : fatal + 1);
  assert.ok(after.every(({ id }) => !calls.has(id)), "what follows a fatal request is none");

  const got = readResponses(client.text, methods);
  const isWhole = !leaving && fatal === -1;
  // The server under it tells of a fatal or a broken-off request in the place of any answer that has not begun.
  const last = got.at(-1);
  if (!isWhole && last !== undefined && last.status >= 400 && last.status < 500 && last.body === "") {
    got.pop();
  }
  assert.ok(isWhole ? got.length === list.length : got.length <= list.length, `${got.length} answers`);
  got.forEach((response, n) => {
    const { id, fate } = list[n]!;
    const what = `${id}: ${list[n]!.text.slice(0, 60)}`;
    if (!response.complete) {
      assert.ok(!isWhole && n === got.length - 1, `${what} was cut`);
      return;
    }
    check(fate, response, what);
  });
  if (!isWhole) return;
  for (const { id, fate } of list) {
    assert.equal(calls.has(id), fate.kind === "answer", `the handler is called for ${id}`);
    assert.notEqual(calls.get(id)?.signal.aborted, true, `no abort of ${id}`);
  }
}

function check(fate: Fate, response: { status: number; body: string }, what: string): void {
  if (fate.kind === "answer") {
    assert.deepEqual([response.status, response.body], [fate.status, fate.body], what);
  } else assert.ok(response.status >= 400 && response.status < 500, `${what}: ${response.status}`);
}

test(`toNodeListener under ${CASES} random connections`, {
  timeout: 60_000 + CASES * 50,
  skip: runtime !== "node" && "what is tried here is Node's server with this adapter on it",
}, async () => {
  const server = createServer(toNodeListener(handle, { onError: () => {} }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const uncaught = (error: unknown) => problems.push(error);
  process.on("uncaughtException", uncaught);
  process.on("unhandledRejection", uncaught);
  try {
    for (let at = 0; at < CASES; at += AT_ONCE) {
      const seeds = Array.from({ length: Math.min(AT_ONCE, CASES - at) }, (_, n) => SEED + at + n);
      await Promise.all(seeds.map(async (seed) => {
        try {
          await run(port, seed);
        } catch (cause) {
          throw new Error(`TIDINGS_SEED=${seed}: ${(cause as Error).message}`, { cause });
        }
      }));
      assert.deepEqual(problems, [], `TIDINGS_SEED=${SEED + at} and the ${AT_ONCE} after it`);
      assert.ok(
        !calls.has("smuggled") && !calls.has("none"),
        `what was not asked was answered, from ${SEED + at} on`,
      );
      calls.clear();
    }
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    let open = -1;
    const count = setInterval(() => void connections().then((now) => open = now), 5);
    await until(() => open === 0, "no connection is left").finally(() => clearInterval(count));
  } finally {
    process.off("uncaughtException", uncaught);
    process.off("unhandledRejection", uncaught);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
