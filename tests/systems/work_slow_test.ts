/** Tests that answers and jobs are one on all processes, over a real Redis: read, stopped and taken over elsewhere. */

import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { compose, tokens } from "../../examples/tokens/generator.ts";
import { Example } from "../support/example.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { until } from "../support/wait.ts";
import { Watch } from "../support/watch.ts";

const options = { skip: noRedis, timeout: 120_000 };
const QUESTION = "What happens when the network drops?";

/** Two servers of an example, and their Redis. */
async function two(t: TestContext, path: string, env: Record<string, string>): Promise<[Example, Example]> {
  const redis = await RedisServer.start();
  t.after(() => redis.stop());
  const examples = [1, 2].map(() => new Example(path, { PORT: "0", REDIS_URL: redis.url, ...env }));
  t.after(() => {
    for (const example of examples) example.signal("SIGKILL");
  });
  const [one, other] = await Promise.all(examples.map((example) => example.ready()));
  return [one!, other!];
}

async function begin(url: string, body?: unknown): Promise<string> {
  const response = await fetch(url, { method: "POST", ...(body ? { body: JSON.stringify(body) } : {}) });
  assert.equal(response.status, 201);
  await response.text();
  return response.headers.get("location")!;
}

const textOf = (watch: Watch) => (watch.data("token") as { text: string }[]).map(({ text }) => text).join("");

test("an answer that one process gives is read whole on another", options, async (t) => {
  const [one, other] = await two(t, "tokens/server.ts", { TOKENS_PACE: "5" });
  const path = await begin(`${one.url}/tokens/answers`, { question: QUESTION });
  const here = await Watch.open(one.url + path);
  const first = await Watch.open(other.url + path);
  await first.until("token", 50);
  first.leave();
  const seen = first.named("token").slice(0, 50);
  const rest = await Watch.open(other.url + path, { "last-event-id": seen.at(-1)!.lastEventId });
  await Promise.all([here.untilEnded(), rest.untilEnded()]);
  assert.equal(textOf(here), compose(QUESTION, "en"));
  const begun = seen.map(({ data }) => JSON.parse(data).text).join("");
  assert.equal(begun + textOf(rest), compose(QUESTION, "en"));
  assert.deepEqual(rest.data("end"), here.data("end"));
});

test("stop on one process ends the answer on the other, and all who read it", options, async (t) => {
  const [one, other] = await two(t, "tokens/server.ts", { TOKENS_PACE: "20" });
  const path = await begin(`${one.url}/tokens/answers`, { question: QUESTION });
  const watches = [await Watch.open(one.url + path), await Watch.open(other.url + path)];
  await Promise.all(watches.map((watch) => watch.until("token", 10)));
  const answer = await (await fetch(other.url + path, { method: "DELETE" })).json();
  assert.equal(answer.state, "stopped");
  assert.ok(answer.tokens < tokens(compose(QUESTION, "en")).length);
  for (const watch of watches) {
    await watch.untilEnded();
    assert.deepEqual(watch.data("end"), [{ state: "stopped", events: answer.tokens + 1 }]);
    assert.equal(watch.named("token").length, answer.tokens);
  }
  await until(() => one.stdout.includes(`ended after ${answer.tokens} tokens`), "the generator has ended");
  assert.match(one.stdout, /\(stopped\)$/m);
});

test("a job whose process is killed goes on at another, after its last slice", options, async (t) => {
  const [one, other] = await two(t, "job/server.ts", { JOB_REST: "20" });
  const path = await begin(`${one.url}/job/jobs`);
  const watch = await Watch.open(other.url + path);
  await watch.until("progress", 20);
  one.signal("SIGKILL");
  const { state } = await watch.latest("end") as { state: string };
  assert.equal(state, "complete");
  const done = (watch.data("progress") as { done: number }[]).map(({ done }) => done);
  assert.deepEqual(done, Array.from({ length: 201 - done[0]! }, (_, index) => done[0]! + index), "each once");
  const { found } = watch.data("progress").at(-1) as { found: number };
  assert.equal(found, 1_270_607); // π(2·10⁷)
  assert.match(other.stdout, /^job: [\da-f]{32} is taken over after \d+ slices$/m);
  watch.leave();
});

test("without its Redis a server refuses, and says that it is for now", options, async (t) => {
  const [one] = await two(t, "tokens/server.ts", {});
  const away = new Example("tokens/server.ts", { PORT: "0", REDIS_URL: "redis://127.0.0.1:1" });
  t.after(() => away.signal("SIGKILL"));
  await away.ready();
  const response = await fetch(`${away.url}/tokens/answers`, {
    method: "POST",
    body: JSON.stringify({ question: QUESTION }),
  });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("retry-after"), "10");
  assert.match((await response.json()).error.message, /cannot be reached/);
  one.signal("SIGTERM");
  await one.ended();
  assert.equal(one.code, 0, one.stderr);
});
