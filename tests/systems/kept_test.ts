// Tests examples whose events lie in a file: killed and started again, they go on where they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compose } from "../../examples/tokens/generator.ts";
import { Example } from "../support/example.ts";
import { sqlite, SqliteFile } from "../support/sqlite.ts";
import { Watch } from "../support/watch.ts";

/** Reads a stream until there is an event with data that the test is waiting for, and gives its id and the data before it. */
async function readUntil(
  url: string,
  isLast: (data: string, count: number) => boolean,
  lastEventId?: string,
): Promise<{ id: string; data: string[] }> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200);
  const data: string[] = [];
  let text = "";
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended after ${data.join(", ")}`);
    const frames = (text + decoder.decode(value, { stream: true })).split("\n\n");
    text = frames.pop()!;
    for (const frame of frames) {
      const id = /^id: (.*)$/m.exec(frame)?.[1];
      if (id === undefined || frame.includes("event: tidings-cursor")) continue;
      data.push(/^event: gap$/m.test(frame) ? "gap" : /^data: (.*)$/m.exec(frame)?.[1] ?? "");
      if (!isLast(data.at(-1)!, data.length)) continue;
      await reader.cancel();
      return { id, data };
    }
  }
}

/** A file, and a way to start an example over it, again and again; at the end all is gone. */
async function withFile(
  program: string,
  use: (start: () => Promise<Example>) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const file = new SqliteFile();
  let example: Example | undefined;
  try {
    await use(async () => {
      example?.signal("SIGKILL");
      await example?.ended();
      example = await new Example(program, { PORT: "0", DATA: file.path, ...env }).ready();
      return example;
    });
  } finally {
    example?.signal("SIGKILL");
    await example?.ended();
    file.remove();
  }
}

const LIMIT = { skip: sqlite === undefined && "there is no SQLite here", timeout: 90_000 };

test(
  "the named events go on after kill -9 where they were, with DATA",
  LIMIT,
  () =>
    withFile("named-events/server.ts", async (start) => {
      let { url } = await start();
      const before = await readUntil(`${url}/events`, (_, count) => count === 2);
      // What is published after that, before the end.
      const missed = await readUntil(`${url}/events`, (_, count) => count === 2);
      ({ url } = await start());
      const { data } = await readUntil(`${url}/events`, (_, count) => count === 6, before.id);
      assert.deepEqual(data.slice(0, missed.data.length), missed.data);
      assert.ok(!data.includes("gap"), data.join(", "));
    }),
);

/** Begins a piece of work, and gives its path. */
async function begin(url: string, body?: unknown): Promise<string> {
  const response = await fetch(url, { method: "POST", ...(body ? { body: JSON.stringify(body) } : {}) });
  assert.equal(response.status, 201, await response.text());
  return response.headers.get("location")!;
}

const ask = (url: string, question: string) => begin(`${url}/tokens/answers`, { question });
const textOf = (watch: Watch) => (watch.data("token") as { text: string }[]).map(({ text }) => text).join("");

test(
  "the gallery goes on after kill -9, with DATA: messages, a job, and answers",
  LIMIT,
  () =>
    withFile("server.ts", async (start) => {
      let { url } = await start();
      const broadcast = async (body: string) => {
        const response = await fetch(`${url}/broadcast`, { method: "POST", body });
        return (await response.json()).id as string;
      };
      const first = await broadcast("first");
      await broadcast("second");

      const QUESTION = "What happens when the network drops?";
      const whole = await ask(url!, QUESTION);
      const reader = await Watch.open(url + whole);
      await reader.untilEnded();
      assert.equal(textOf(reader), compose(QUESTION, "en"));
      const read = reader.named("token").slice(0, 10);

      const half = await ask(url!, "Something else");
      const path = await begin(`${url}/job/jobs`);
      const watching = await Watch.open(url + path);
      const tokens = await Watch.open(url + half);
      await tokens.until("token", 10);
      await watching.until("progress", 10);

      const example = await start();
      url = example.url;
      // The messages.
      const messages = await readUntil(`${url}/stream`, (data) => data === "second", first);
      assert.ok(!messages.data.includes("gap"), messages.data.join(", "));
      assert.ok(!messages.data.includes("first"));
      // The answer that was whole, from where its reader was.
      const rest = await Watch.open(url + whole, { "last-event-id": read.at(-1)!.lastEventId });
      await rest.untilEnded();
      assert.equal(
        read.map(({ data }) => JSON.parse(data).text).join("") + textOf(rest),
        compose(QUESTION, "en"),
      );
      // The job: the next slice, up to the end, each once.
      const job = await Watch.open(url + path, { "last-event-id": watching.events.at(-1)!.lastEventId });
      const { state } = await job.latest("end") as { state: string };
      assert.equal(state, "complete");
      const done = (job.data("progress") as { done: number; found: number }[]).map(({ done }) => done);
      assert.deepEqual(done, Array.from({ length: 201 - done[0]! }, (_, index) => done[0]! + index));
      assert.equal((job.data("progress").at(-1) as { found: number }).found, 1_270_607); // π(2·10⁷)
      assert.match(example.stdout, /^job: [\da-f]{32} is taken over after \d+ slices$/m);
      // The answer that was being made is lost, and says so to whoever reads it.
      const lost = await Watch.open(url + half);
      assert.equal((await lost.latest("end") as { state: string }).state, "lost");
      assert.ok(lost.named("token").length >= 10);
      for (const watch of [job, lost]) watch.leave();
    }, { TOKENS_PACE: "5", JOB_REST: "20" }),
);

test("without DATA all of it is gone with the process", LIMIT, async () => {
  let example = await new Example("server.ts", { PORT: "0", TOKENS_PACE: "5" }).ready();
  try {
    const path = await ask(example.url!, "Hello");
    const id = (await (await fetch(`${example.url}/broadcast`, { method: "POST", body: "x" })).json()).id;
    example.signal("SIGKILL");
    await example.ended();
    example = await new Example("server.ts", { PORT: "0" }).ready();
    const answer = await fetch(example.url + path);
    assert.equal(answer.status, 404, await answer.text());
    const { data } = await readUntil(`${example.url}/stream`, (data) => data === "gap", id);
    assert.deepEqual(data, ["gap"]);
  } finally {
    example.signal("SIGKILL");
    await example.ended();
  }
});
