/** Tests the answers of a model: each is read by anybody, from any place, and can be stopped. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { router } from "../../examples/support/router.ts";
import { Answer, type Outcome } from "../../examples/tokens/answer.ts";
import { compose, generate, tokens } from "../../examples/tokens/generator.ts";
import { languages } from "../../examples/tokens/sentences.ts";
import { createTokens, type TokensOptions } from "../../examples/tokens/tokens.ts";
import { servers, withServer } from "../support/servers.ts";
import { sleep, until } from "../support/wait.ts";
import { Watch } from "../support/watch.ts";

const LIMIT = { timeout: 60_000 };
const QUESTION = "What happens when the network drops?";
const WHOLE = compose(QUESTION, "en");
const COUNT = tokens(WHOLE).length;

interface Chat {
  ask(body?: unknown): Promise<Response>;
  /** Asks, and gives the answer's address. */
  begin(): Promise<string>;
  stop(address: string): Promise<{ outcome: Outcome; tokens: number }>;
}

/** Runs the system on each server. */
function tokensTest(name: string, options: TokensOptions, use: (chat: Chat) => Promise<void>): void {
  for (const kind of servers) {
    test(`${name} (${kind.name})`, LIMIT, async () => {
      const { routes, close } = createTokens(options);
      try {
        await withServer(kind, router(routes), async (port) => {
          const origin = `http://127.0.0.1:${port}`;
          const ask = (body: unknown = { question: QUESTION }) =>
            fetch(`${origin}/tokens/answers`, { method: "POST", body: JSON.stringify(body) });
          await use({
            ask,
            async begin() {
              const response = await ask();
              assert.equal(response.status, 201);
              await response.text();
              return origin + response.headers.get("location");
            },
            stop: async (address) => (await fetch(address, { method: "DELETE" })).json(),
          });
          await close();
        });
      } finally {
        await close();
      }
    });
  }
}

const textOf = (watch: Watch) => watch.named("token").map(({ data }) => data).join("");
/** Of all that has an id: `live` has none, and repeats the last. */
const idsOf = (watch: Watch) =>
  watch.events.filter(({ event }) => event !== "live").map(({ lastEventId }) => Number(lastEventId));
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function status(url: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { headers });
  await response.text();
  return response.status;
}

tokensTest("an answer comes whole, each token with its number", { pace: 1 }, async (chat) => {
  const watch = await Watch.open(await chat.begin());
  await watch.untilEnded();
  assert.equal(textOf(watch), WHOLE);
  assert.deepEqual(idsOf(watch), numbers(0, COUNT + 1));
  assert.deepEqual(watch.data("question"), [{ question: QUESTION }]);
  assert.deepEqual(watch.data("end"), [{ outcome: "complete", tokens: COUNT }]);
});

tokensTest(
  "a reader that is cut off goes on with the very next token, ten times over",
  { pace: 5 },
  async (chat) => {
    const address = await chat.begin();
    let text = "";
    let last: string | undefined;
    for (let connections = 1; connections < 10; connections++) {
      const watch = await Watch.open(address, last === undefined ? {} : { "last-event-id": last });
      await watch.until("token", 7);
      watch.leave();
      // What came after the last id that was looked at is as good as lost.
      const seen = watch.named("token").slice(0, 7);
      assert.equal(seen.length, 7);
      text += seen.map(({ data }) => data).join("");
      last = seen.at(-1)!.lastEventId;
    }
    const watch = await Watch.open(address, { "last-event-id": last! });
    await watch.untilEnded();
    assert.equal(text + textOf(watch), WHOLE);
    assert.equal(idsOf(watch)[0], Number(last) + 1);
    // And whoever has had the end is told not to come back.
    assert.equal(await status(address, { "last-event-id": watch.events.at(-1)!.lastEventId }), 204);
  },
);

tokensTest(
  "the answer grows while nobody reads, and is the same for all who do",
  { pace: 2 },
  async (chat) => {
    const address = await chat.begin();
    const early = await Watch.open(address);
    await early.until("token", 3);
    early.leave();
    await sleep(60);
    const [one, other] = [await Watch.open(address), await Watch.open(address)];
    await Promise.all([one.untilEnded(), other.untilEnded()]);
    assert.equal(textOf(one), WHOLE);
    assert.equal(textOf(other), WHOLE);
    assert.deepEqual(idsOf(other), idsOf(one));
    // What it is told it has missed is what had been made until it came, and not more.
    const [live] = one.data("live") as { tokens: number }[];
    const at = one.events.findIndex(({ event }) => event === "live");
    assert.equal(Number(one.events[at - 1]!.lastEventId), live!.tokens);
    assert.ok(live!.tokens > 3 && live!.tokens < COUNT, String(live!.tokens));
  },
);

tokensTest("stop ends the generator, and every reader is told", { pace: 5 }, async (chat) => {
  const address = await chat.begin();
  const watch = await Watch.open(address);
  await watch.until("token", 5);
  const { outcome, tokens } = await chat.stop(address);
  assert.equal(outcome, "stopped");
  assert.ok(tokens >= 5 && tokens < COUNT);
  await watch.untilEnded();
  assert.deepEqual(watch.data("end"), [{ outcome: "stopped", tokens }]);
  await sleep(50);
  const again = await Watch.open(address);
  await again.untilEnded();
  assert.equal(textOf(again), textOf(watch), "nothing was made after the stop");
  assert.deepEqual(await chat.stop(address), { outcome: "stopped", tokens });
});

tokensTest("an answer that nobody reads any more is stopped", { pace: 20, patience: 100 }, async (chat) => {
  const address = await chat.begin();
  const watch = await Watch.open(address);
  await watch.until("token", 10); // with a reader it goes on for longer than that
  watch.leave();
  await sleep(400);
  const late = await Watch.open(address);
  await late.untilEnded();
  const [end] = late.data("end") as { outcome: Outcome; tokens: number }[];
  assert.equal(end!.outcome, "abandoned");
  assert.ok(end!.tokens < COUNT / 2, String(end!.tokens));
});

tokensTest("what cannot be answered is refused", { growing: 1, pace: 50 }, async (chat) => {
  for (const body of [undefined, 3, {}, { question: "" }, { question: "x".repeat(2_001) }, { question: 1 }]) {
    assert.equal((await chat.ask(body ?? null)).status, 400, JSON.stringify(body));
  }
  assert.equal((await chat.ask({ question: "?", language: "tlh" })).status, 400);
  assert.equal((await chat.ask({ question: "x".repeat(9_000) })).status, 413);
  const address = await chat.begin();
  assert.equal((await chat.ask()).status, 503);
  for (const id of ["x", "-1", "1e3", "99999", "999999999999"]) {
    assert.equal(await status(address, { "last-event-id": id }), 400, id);
  }
  assert.equal(await status(address.slice(0, -1)), 404);
  // One that has ended makes room for the next.
  await chat.stop(address);
  await chat.begin();
});

test("the same question gets the same answer, in pieces that are the text", () => {
  for (const language of languages) {
    const text = compose(QUESTION, language);
    assert.equal(compose(QUESTION, language), text);
    assert.notEqual(compose("Why not a WebSocket?", language), text);
    assert.equal(tokens(text).join(""), text);
    assert.ok(tokens(text).length > 100, `${language}: ${tokens(text).length}`);
  }
});

test("the generator ends at once when it is told to", LIMIT, async () => {
  const control = new AbortController();
  const made: string[] = [];
  const start = performance.now();
  setTimeout(() => control.abort(), 30);
  for await (const token of generate("", { language: "en", pace: 10_000, signal: control.signal })) {
    made.push(token);
  }
  assert.deepEqual(made, []);
  assert.ok(performance.now() - start < 5_000);
});

test("a generator that is told to stop need not make another token first", LIMIT, async () => {
  let over = false;
  const answer = new Answer({
    question: "?",
    patience: 60_000,
    onEnd: () => over = true,
    async *generate(signal) {
      yield "one";
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  await until(() => answer.tokens.length === 1, "it has begun");
  answer.stop();
  await until(() => over, "it ends");
  assert.equal(answer.outcome, "stopped");
});

test("a generator that fails ends the answer, and its error stays here", LIMIT, async () => {
  const printed: unknown[][] = [];
  const original = console.error;
  console.error = (...values: unknown[]) => void printed.push(values);
  try {
    let over = false;
    const answer = new Answer({
      question: "?",
      patience: 60_000,
      onEnd: () => over = true,
      async *generate() {
        yield "one";
        throw new Error("a secret");
      },
    });
    await until(() => over, "it ends");
    const events = [];
    for await (const event of answer.read(-1, new AbortController().signal)) events.push(event);
    assert.deepEqual(events.at(-1)!.data, { outcome: "failed", tokens: 1 });
    assert.ok(!JSON.stringify(events).includes("secret"));
    assert.equal(printed.length, 1);
  } finally {
    console.error = original;
  }
});
