// Checks that a source which has come to its end is not run again for a client that comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Connection, createSSEResponse, type SSEResponseOptions } from "../../mod.ts";
import type { EventSourceInput } from "../../lib/response/response.ts";
import { FINAL } from "../support/final.ts";
import { type ServerKind, servers, withServer } from "../support/servers.ts";

interface Visit {
  readonly method?: string;
  readonly lastEventId?: string;
}

/** What a client gets, and how often the source was asked, for one visit after the other. */
async function visit(
  kind: ServerKind,
  source: EventSourceInput,
  options: SSEResponseOptions,
  visits: readonly Visit[],
): Promise<{ answers: { status: number; body: string; headers: Headers }[]; runs: number }> {
  let runs = 0;
  const handler = (request: Request) =>
    createSSEResponse(request, (connection) => {
      runs++;
      return typeof source === "function" ? source(connection) : source;
    }, options);
  const answers: { status: number; body: string; headers: Headers }[] = [];
  await withServer(kind, handler, async (port) => {
    for (const { method = "GET", lastEventId } of visits) {
      const headers: Record<string, string> = { origin: "http://page.test" };
      if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
      const response = await fetch(`http://127.0.0.1:${port}/`, { method, headers });
      answers.push({ status: response.status, body: await response.text(), headers: response.headers });
    }
  });
  return { answers, runs };
}

const BACK = { lastEventId: "tidings-end" };
const SOURCES: Record<string, () => EventSourceInput> = {
  "a generator": () =>
    function* () {
      yield "one";
    },
  "an async generator": () =>
    async function* () {
      await Promise.resolve();
      yield "one";
    },
  "a list": () => ["one"],
  "a stream": () =>
    new ReadableStream({
      start(controller) {
        controller.enqueue("one");
        controller.close();
      },
    }),
  "a callback that closes for good": () => (connection: Connection) => {
    connection.send("one");
    connection.close({ final: true });
  },
};

for (const kind of servers) {
  for (const [what, source] of Object.entries(SOURCES)) {
    test(`${kind.name}: ${what} ends with an id that stops its client`, async () => {
      const { answers, runs } = await visit(kind, source(), {}, [{}, BACK, BACK]);
      assert.equal(answers[0]!.body, `:\n\ndata: one\n\n${FINAL}`);
      assert.deepEqual(answers.slice(1).map(({ status, body }) => [status, body]), [[204, ""], [204, ""]]);
      assert.equal(answers[1]!.headers.get("content-type"), null);
      assert.equal(runs, 1);
    });
  }

  test(`${kind.name}: the page of another origin may read the 204, and the option headers is heeded`, async () => {
    const options = { cors: { origins: ["http://page.test"] }, headers: { "x-own": "1" } };
    const { answers } = await visit(kind, ["one"], options, [{}, BACK]);
    for (const { headers } of answers) {
      assert.equal(headers.get("access-control-allow-origin"), "http://page.test");
      assert.equal(headers.get("x-own"), "1");
    }
  });

  test(`${kind.name}: with final: false the source is asked again, as for a client that was cut off`, async () => {
    const { answers, runs } = await visit(kind, ["one"], { final: false }, [{}, BACK, { lastEventId: "7" }]);
    assert.deepEqual(answers.map(({ status, body }) => [status, body]), [
      [200, ":\n\ndata: one\n\n"],
      [200, ":\n\ndata: one\n\n"],
      [200, ":\n\ndata: one\n\n"],
    ]);
    assert.equal(runs, 3);
  });

  test(`${kind.name}: a source that throws, and a callback that only closes, are not over for good`, async () => {
    let arrive!: () => void;
    // What a fetch has in its queue is dropped when the connection fails.
    const arrived = new Promise<void>((resolve) => arrive = resolve);
    const failing = async function* () {
      yield "one";
      await arrived;
      throw new Error("broken");
    };
    const options = { onClose: () => {} };
    const handler = (request: Request) => createSSEResponse(request, failing, options);
    await withServer(kind, handler, async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      let text = "";
      const decoder = new TextDecoder();
      await assert.rejects(async () => {
        for await (const chunk of response.body!) {
          text += decoder.decode(chunk);
          if (text.includes("one")) arrive();
        }
      });
      assert.equal(text, ":\n\ndata: one\n\n");
    });
    const closing = (connection: Connection) => {
      connection.send("one");
      connection.close();
    };
    const { answers } = await visit(kind, closing, {}, [{}]);
    assert.equal(answers[0]!.body, ":\n\ndata: one\n\n");
  });

  test(`${kind.name}: an answer to a POST, which no EventSource sends, has no event more than the source's`, async () => {
    const post = { method: "POST" };
    assert.equal((await visit(kind, ["one"], {}, [post])).answers[0]!.body, ":\n\ndata: one\n\n");
    const { answers, runs } = await visit(kind, ["one"], { final: true }, [post, { ...post, ...BACK }]);
    assert.equal(answers[0]!.body, `:\n\ndata: one\n\n${FINAL}`);
    assert.equal(answers[1]!.status, 204);
    assert.equal(runs, 1);
  });
}

test("final is true or false, as an option and in close()", async () => {
  const request = () => new Request("http://localhost/");
  assert.throws(
    () => createSSEResponse(request(), [], { final: 1 as never }),
    /^TypeError: Option "final" must be true or false, received 1$/,
  );
  const tried: unknown[] = [];
  const response = createSSEResponse(request(), (connection) => {
    for (const wrong of [{ final: "yes" }, { finale: true }, true]) {
      try {
        connection.close(wrong as never);
      } catch (error) {
        tried.push(String(error));
      }
    }
    connection.close();
  });
  await response.text();
  assert.deepEqual(tried, [
    'TypeError: Option "final" must be true or false, received "yes"',
    'TypeError: Unknown option "finale" of close: did you mean "final"?',
    "TypeError: The options of close must be an object, received true",
  ]);
});
