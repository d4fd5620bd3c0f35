/** Tests the answers of a model: each is read by anybody, from any place, and can be stopped. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { router } from "../../examples/support/router.ts";
import { compose, generate, tokens } from "../../examples/tokens/generator.ts";
import { languages } from "../../examples/tokens/sentences.ts";
import { createTokens, type TokensOptions } from "../../examples/tokens/tokens.ts";
import { servers, withServer } from "../support/servers.ts";
import { sleep } from "../support/wait.ts";
import { Watch } from "../support/watch.ts";

const LIMIT = { timeout: 60_000 };
const QUESTION = "What happens when the network drops?";
const WHOLE = compose(QUESTION, "en");
const COUNT = tokens(WHOLE).length;

interface Chat {
  ask(body?: unknown): Promise<Response>;
  /** Asks, and gives the answer's address. */
  begin(): Promise<string>;
  stop(address: string): Promise<{ state: string; tokens: number }>;
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

const tokensOf = (watch: Watch) => watch.data("token") as { number: number; text: string }[];
const textOf = (watch: Watch) => tokensOf(watch).map(({ text }) => text).join("");
const numbersOf = (watch: Watch) => tokensOf(watch).map(({ number }) => number);
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
  assert.deepEqual(numbersOf(watch), numbers(1, COUNT));
  assert.deepEqual(watch.data("question"), [{ question: QUESTION }]);
  assert.deepEqual(watch.data("end"), [{ state: "complete", events: COUNT + 1 }]);
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
      text += seen.map(({ data }) => JSON.parse(data).text).join("");
      last = seen.at(-1)!.lastEventId;
    }
    const watch = await Watch.open(address, { "last-event-id": last! });
    await watch.untilEnded();
    assert.equal(text + textOf(watch), WHOLE);
    assert.equal(numbersOf(watch)[0], 9 * 7 + 1);
    // And whoever has had the end is told not to come back.
    assert.equal(await status(address, { "last-event-id": watch.events.at(-1)!.lastEventId }), 204);
  },
);

tokensTest(
  "the answer grows while nobody reads, and is the same for all who do",
  // So slow that it is not over when they come, on a machine that does much else.
  { pace: 20 },
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
    assert.deepEqual(numbersOf(other), numbersOf(one));
    // What it is told it has missed is what had been made until it came, and not more.
    const [live] = one.data("live") as { events: number }[];
    const at = one.events.findIndex(({ event }) => event === "live");
    assert.equal(at, live!.events, "all of these, and nothing else, came before");
    assert.ok(live!.events > 3 && live!.events < COUNT, String(live!.events));
  },
);

tokensTest("stop ends the generator, and every reader is told", { pace: 20 }, async (chat) => {
  const address = await chat.begin();
  const watch = await Watch.open(address);
  await watch.until("token", 5);
  const { state, tokens } = await chat.stop(address);
  assert.equal(state, "stopped");
  assert.ok(tokens >= 5 && tokens < COUNT);
  await watch.untilEnded();
  assert.deepEqual(watch.data("end"), [{ state: "stopped", events: tokens + 1 }]);
  await sleep(50);
  const again = await Watch.open(address);
  await again.untilEnded();
  assert.equal(textOf(again), textOf(watch), "nothing was made after the stop");
  assert.deepEqual(await chat.stop(address), { state: "stopped", tokens });
});

tokensTest("an answer that nobody reads any more is stopped", { pace: 20, patience: 100 }, async (chat) => {
  const address = await chat.begin();
  const watch = await Watch.open(address);
  await watch.until("token", 10); // with a reader it goes on for longer than that
  watch.leave();
  await sleep(1_000);
  const late = await Watch.open(address);
  await late.untilEnded();
  const [end] = late.data("end") as { state: string; events: number }[];
  assert.equal(end!.state, "abandoned");
  assert.ok(end!.events < COUNT / 2, String(end!.events));
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
  assert.equal(await status(address.replace(/.{8}$/, "01234567")), 404);
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
