/** Tests the chat of the AI SDK with its own transport: what is cut is resumed, and what is stopped ends for all. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { DefaultChatTransport, type UIMessage, type UIMessageChunk } from "ai";
import { type ChatOptions, createChat } from "../../examples/ai/chat.ts";
import { speaker, TEXT } from "../../examples/ai/model.ts";
import { router } from "../../examples/support/router.ts";
import { servers, withServer } from "../support/servers.ts";
import { deferred, sleep, until } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };
// The word before which the model waits until it is told to go on, so that it still speaks when the other clients come.
const HELD = 10;
const WORDS = TEXT.split(" ").length;

/** One that reads an answer. */
class Reading {
  readonly chunks: UIMessageChunk[] = [];
  /** Whether the stream has ended, and whether that was by an error. */
  ended: "no" | "end" | "error" = "no";

  constructor(stream: ReadableStream<UIMessageChunk>) {
    void this.#read(stream);
  }

  async #read(stream: ReadableStream<UIMessageChunk>): Promise<void> {
    const reader = stream.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.chunks.push(value);
      }
      this.ended = "end";
    } catch {
      this.ended = "error";
    }
  }

  get text(): string {
    return this.chunks.map((chunk) => chunk.type === "text-delta" ? chunk.delta : "").join("");
  }

  words(count: number): Promise<void> {
    return until(() => this.text.split(" ").length > count, `${count} words`);
  }

  end(): Promise<void> {
    return until(() => this.ended === "end", "the answer ends");
  }
}

interface Chat {
  readonly api: string;
  /** The signals of the calls that the model got. */
  readonly calls: readonly AbortSignal[];
  /** Lets the model speak to the end. */
  goOn(): void;
  ask(chatId: string, abortSignal?: AbortSignal): Promise<Reading>;
  /** As another client that knows the chat's id. */
  resume(chatId: string): Promise<Reading | undefined>;
  stop(chatId: string): Promise<void>;
}

const FORMS: { name: string; options: Omit<ChatOptions, "model"> }[] = [
  { name: "a stream of its own", options: {} },
  { name: "consumeSseStream", options: { copied: true } },
];

/** A model that stops before the word {@linkcode HELD}, until it is told to go on or its call is aborted. */
function heldSpeaker() {
  const calls: AbortSignal[] = [];
  const { promise, resolve: goOn } = deferred<void>();
  const model = speaker({
    async pace(word, signal) {
      await sleep(5);
      signal.throwIfAborted();
      if (word === HELD) await Promise.race([promise, once(signal, "abort")]);
      signal.throwIfAborted();
    },
    onCall: (signal) => calls.push(signal),
  });
  return { model, calls, goOn };
}

/** Runs the chat on each server, in both of its forms. */
function chatTest(name: string, use: (chat: Chat) => Promise<void>): void {
  for (const kind of servers) {
    for (const form of FORMS) {
      test(`${name} (${form.name}, ${kind.name})`, LIMIT, async () => {
        const { model, calls, goOn } = heldSpeaker();
        const { routes, close } = createChat({ model, ...form.options });
        try {
          await withServer(kind, router(routes), async (port) => {
            const api = `http://127.0.0.1:${port}/api/chat`;
            const transport = () => new DefaultChatTransport<UIMessage>({ api });
            await use({
              api,
              calls,
              goOn,
              async ask(chatId, abortSignal) {
                const message: UIMessage = {
                  id: "1",
                  role: "user",
                  parts: [{ type: "text", text: "Hello?" }],
                };
                const stream = await transport().sendMessages({
                  trigger: "submit-message",
                  chatId,
                  messageId: undefined,
                  messages: [message],
                  abortSignal,
                });
                return new Reading(stream);
              },
              async resume(chatId) {
                const stream = await transport().reconnectToStream({ chatId });
                return stream === null ? undefined : new Reading(stream);
              },
              async stop(chatId) {
                const { status } = await fetch(`${api}/${chatId}`, { method: "DELETE" });
                assert.equal(status, 204);
              },
            });
            await close();
          });
        } finally {
          await close();
        }
      });
    }
  }
}

chatTest("an answer that is cut is resumed by another client, whole and once", async (chat) => {
  const leaving = new AbortController();
  const first = await chat.ask("c1", leaving.signal);
  await first.words(5);
  leaving.abort();
  await until(() => first.ended !== "no", "the first client is cut off");
  const second = (await chat.resume("c1"))!;
  await second.words(8);
  const third = (await chat.resume("c1"))!;
  chat.goOn();
  await Promise.all([second.end(), third.end()]);
  assert.ok(TEXT.startsWith(first.text));
  assert.ok(first.text.length < TEXT.length);
  assert.equal(second.text, TEXT);
  assert.deepEqual(third.chunks, second.chunks);
  assert.deepEqual([second.chunks[0]!.type, second.chunks.at(-1)!.type], ["start", "finish"]);
  assert.equal(second.chunks.filter(({ type }) => type === "text-delta").length, WORDS);
  assert.equal(chat.calls.length, 1, "the model was called once");
  assert.equal(chat.calls[0]!.aborted, false, "and nobody stopped it");
});

chatTest(
  "stop by a second client ends the answer for both, and aborts the model's call",
  async (chat) => {
    const first = await chat.ask("c1");
    const second = (await chat.resume("c1"))!;
    await Promise.all([first.words(5), second.words(5)]);
    await chat.stop("c1");
    await Promise.all([first.end(), second.end()]);
    assert.ok(chat.calls[0]!.aborted);
    for (const { chunks, text } of [first, second]) {
      assert.equal(chunks.at(-1)!.type, "abort", "it is told in the AI SDK's own words");
      assert.ok(text.length > 0 && text.length < TEXT.length);
      assert.ok(TEXT.startsWith(text));
    }
    assert.equal(await chat.resume("c1"), undefined, "nothing is running any more");
    // The chat goes on with the next question.
    const next = await chat.ask("c1");
    chat.goOn();
    await next.end();
    assert.equal(next.text, TEXT);
    assert.equal(chat.calls[1]!.aborted, false);
  },
);

chatTest(
  "where nothing is running there is nothing to resume, and the response says what it is",
  async (chat) => {
    assert.equal(await chat.resume("c1"), undefined);
    const first = await chat.ask("c1");
    const response = await fetch(`${chat.api}/c1/stream`);
    assert.equal(response.headers.get("x-vercel-ai-ui-message-stream"), "v1");
    assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
    chat.goOn();
    const text = await response.text();
    assert.match(text, /data: \[DONE\]\n\n$/, "after the AI SDK's own end comes nothing");
    await first.end();
    assert.equal(first.text, TEXT);
    assert.equal((await fetch(`${chat.api}/c1/stream`)).status, 204);
    for (const path of ["c1", "c 1/stream", `${"c".repeat(101)}/stream`]) {
      const { status } = await fetch(`${chat.api}/${path}`);
      assert.ok(status === 400 || status === 404, `${path}: ${status}`);
    }
  },
);

test("a chat has one answer at a time, and one that nobody waits for is stopped", LIMIT, async () => {
  const { model, calls } = heldSpeaker();
  const { routes, close } = createChat({ model, patience: 100 });
  await withServer(servers[0]!, router(routes), async (port) => {
    const ask = (signal: AbortSignal | null) =>
      fetch(`http://127.0.0.1:${port}/api/chat`, {
        method: "POST",
        body: JSON.stringify({
          id: "c1",
          messages: [{ id: "1", role: "user", parts: [{ type: "text", text: "Hello?" }] }],
        }),
        signal,
      });
    const leaving = new AbortController();
    await ask(leaving.signal);
    const second = await ask(null);
    assert.equal(second.status, 409);
    await second.text();
    assert.equal(calls.length, 1);
    leaving.abort();
    await until(() => calls[0]!.aborted, "the model is stopped");
    await close();
  });
});
