/** Tests the example's server as two processes over a Redis of one's own: a call survives its connections. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { resume } from "../../lib/mcp/mod.ts";
import { redisStore } from "../../lib/redis/mod.ts";
import { ResumableStreams } from "../../lib/resumable/mod.ts";
import { Example } from "../support/example.ts";
import { mcpClient, noSdk } from "../support/mcp.ts";
import { replayWhileStoring } from "../support/mcp_replay.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds } from "../support/redis_clients.ts";
import { Relay } from "../support/relay.ts";
import { runFixture } from "../support/spawn.ts";
import { sleep, until, within } from "../support/wait.ts";

const STEPS = 10;
const skip = noRedis;
/** Of those that are clients of the official SDK. */
const skipClient = skip || noSdk;

let redis: RedisServer;
let examples: [Example, Example];
let ports: [number, number];
before(async () => {
  if (skip) return;
  redis = await RedisServer.start();
  const env = { PORT: "0", REDIS_URL: redis.url, MCP_PACE: "100" };
  examples = [new Example("mcp/server.ts", env), new Example("mcp/server.ts", env)];
  await Promise.all(examples.map((example) => example.ready()));
  ports = examples.map(({ url }) => Number(new URL(url!).port)) as [number, number];
});
after(async () => {
  if (skip) return;
  for (const example of examples) example.signal("SIGTERM");
  await Promise.all(examples.map((example) => example.ended()));
  await redis.stop();
});

interface Called {
  readonly seen: number[];
  readonly text: string;
}

/** Calls the tool by a client whose connections `disturb` may break. */
async function call(disturb: (relay: Relay, seen: readonly number[]) => Promise<void>): Promise<Called> {
  const relay = await Relay.start(ports[0]);
  const client = await mcpClient(relay.port);
  try {
    const seen: number[] = [];
    const calling = client.callTool({ name: "count", arguments: {} }, undefined, {
      onprogress: ({ progress }) => void seen.push(progress),
      timeout: 60_000,
    });
    calling.catch(() => {});
    await disturb(relay, seen);
    const { content } = await within(calling, "the result", 30_000) as { content: { text: string }[] };
    return { seen, text: content[0]!.text };
  } finally {
    await client.close();
    await relay.close();
  }
}

const all = Array.from({ length: STEPS }, (_, i) => i + 1);
/** Waits until the client has come so far. */
const reached = (seen: readonly number[], step: number) =>
  until(() => seen.length >= step, `the client has step ${step}`);

/** How many streams run, by what Redis knows of them. */
async function running(): Promise<number> {
  const keys = (await redis.command("KEYS", "*:stream:mcp/*")).split("\n").filter((key) => key !== "");
  const states = await Promise.all(keys.map((key) => redis.command("HGET", key, "state")));
  return states.filter((state) => state === "running").length;
}

test("a call begins at one process, and its client gets the rest of it from another", {
  skip: skipClient,
  timeout: 120_000,
}, async () => {
  const undisturbed = await call(async () => {});
  assert.deepEqual(undisturbed.seen, all);
  const moved = await call(async (relay, seen) => {
    await reached(seen, 3);
    relay.aim(ports[1]);
  });
  assert.deepEqual(moved.seen, all);
  // The process that ran it is the one that the session began on.
  assert.equal(moved.text, undisturbed.text);
  assert.match(moved.text, /^Counted to 10 in process \d+$/);
});

test("a call whose client is cut off again and again, and comes back here and there, tells all once", {
  skip: skipClient,
  timeout: 120_000,
}, async () => {
  const { seen, text } = await call(async (relay, seen) => {
    for (const step of all.slice(0, -1)) {
      await reached(seen, step);
      relay.aim(ports[step % 2]!);
    }
  });
  assert.deepEqual(seen, all);
  assert.match(text, /^Counted to 10/);
});

test("a call that ended while its client was away is told when it comes back, from another process", {
  skip: skipClient,
  timeout: 120_000,
}, async () => {
  const { seen } = await call(async (relay, seen) => {
    await reached(seen, 2);
    // New connections are accepted and lead nowhere.
    relay.hold();
    relay.aim(ports[1]);
    assert.equal(await running(), 1);
    while (await running() > 0) await sleep(20);
    assert.ok(seen.length < STEPS, "nothing came meanwhile");
    relay.release();
  });
  assert.deepEqual(seen, all);
});

test("replaying while storing, over Redis: nothing is missing, nothing comes twice", {
  skip,
  timeout: 60_000,
}, async () => {
  for (const { open } of clientKinds) {
    const { client, close } = open(redis.url);
    const streams = new ResumableStreams({ store: redisStore(client, { prefix: "replay" }) });
    try {
      await replayWhileStoring(streams, 30);
      await streams.stop("mcp/s/call");
    } finally {
      await streams.close();
      close();
    }
  }
});

test("a call whose process is killed: who reads it is told by its end, and need not come back", {
  skip: skipClient,
  timeout: 120_000,
}, async () => {
  const { client, close } = clientKinds[0]!.open(redis.url);
  const store = redisStore(client, { prefix: "killed" });
  const streams = new ResumableStreams({ store });
  try {
    const { stdout } = await runFixture("mcp_killed.ts", { args: [redis.url] });
    const [session, lastEventId] = stdout.trim().split(" ") as [string, string];
    const headers = { "mcp-session-id": session, "last-event-id": lastEventId };
    const come = async () => (await resume(streams, new Request("http://localhost/mcp", { headers })))!;
    const response = await come();
    assert.equal(response.status, 200);
    // The lease of a second, the time that is waited for others to take it over, and a busy machine.
    const text = await within(response.text(), "the end", 30_000);
    assert.equal(text.match(/^event: message$/gm)?.length, 1, text);
    assert.match(text, /"progress":1/);
    const last = /^id: (.+)$/m.exec(text)![1]!;
    headers["last-event-id"] = last;
    assert.equal((await come()).status, 204);
  } finally {
    await streams.close();
    close();
  }
});

test("what the calls left in Redis goes by itself", { skip, timeout: 60_000 }, async () => {
  const keys = (await redis.command("KEYS", "*")).split("\n").filter((key) => key !== "");
  assert.ok(keys.length > 0);
  for (const key of keys) assert.notEqual(await redis.command("PTTL", key), "-1", key);
});
