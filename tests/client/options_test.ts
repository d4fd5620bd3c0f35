// Tests the client's options: a name that is not known is refused with the one that was meant, a value with what it must be, and
// a user's fetch gets what fetch() takes and nothing else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type ConnectOptions, createParser, parseSSE } from "../../lib/client/mod.ts";
import { connectShared } from "../../lib/client/shared.ts";
import { openStream, startServer } from "../support/client_server.ts";
import { errorsPrinted } from "../support/wait.ts";

const url = "http://127.0.0.1:9/events";
const sse = { headers: { "content-type": "text/event-stream" } };
const answer = (text: string) => () => Promise.resolve(new Response(text, sse));
const onEvent = (): void => {};

const CONNECT = "method headers body credentials signal fetch lastEventId stallTimeout retry shouldRetry " +
  "maxEventSize comments schemas clock";

test("an unknown option is refused by its name, with those that are known", () => {
  const parse = (options: object): unknown => parseSSE(new Response("", sse), options);
  const cases: [run: () => unknown, message: string][] = [
    [() => connect(url, { header: {} } as object), `"header", known are ${CONNECT}`],
    [() => connect(url, { lastEventID: "5" } as object), `"lastEventID", known are ${CONNECT}`],
    [() => connect(url, { redirect: "error" } as object), `"redirect", known are ${CONNECT}`],
    [() => connect(url, { toString: 1 } as object), `"toString", known are ${CONNECT}`],
    [() => connect(url, { history: 9 } as object), `"history", known are ${CONNECT}`],
    [
      () => connect(url, { retry: { delay: 3 } } as object),
      '"delay", known are base max attempts nonGet',
    ],
    [
      () => connectShared(url, { histroy: 9 } as object),
      `"histroy", known are ${CONNECT} name history`,
    ],
    [
      () => connectShared(url, { retry: { atempts: 3 } } as object),
      '"atempts", known are base max attempts nonGet',
    ],
    [
      () => parse({ comment: true }),
      '"comment", known are comments lastEventId onRetry maxEventSize onRead',
    ],
    [
      () => parse({ onEvent }),
      '"onEvent", known are comments lastEventId onRetry maxEventSize onRead',
    ],
    [
      () => createParser({ onEvent, onevents: onEvent } as never),
      '"onevents", known are onEvent onComment onRetry lastEventId maxEventSize response',
    ],
  ];
  for (const [run, message] of cases) {
    assert.throws(run, { name: "TypeError", message: `Unknown option ${message}` }, message);
  }
});

test("an option that is undefined counts as left out, whatever its name", { timeout: 10_000 }, async () => {
  const nothing = { header: undefined, retry: { atempts: undefined } } as object;
  const stream = connect(url, { fetch: answer(""), ...nothing, method: "POST" });
  await stream.closed;
  parseSSE(new Response("", sse), { comment: undefined } as object);
  createParser({ onEvent, onevent: undefined } as never);
});

test("a value that is wrong is shown as what it is", () => {
  for (
    const [options, message] of [
      [{ stallTimeout: "5" }, 'stallTimeout must be a positive number, received "5"'],
      [{ stallTimeout: null }, "stallTimeout must be a positive number, received null"],
      [{ stallTimeout: Symbol("s") }, "stallTimeout must be a positive number, received Symbol(s)"],
      [{ retry: { base: "1s" } }, 'retry.base must be a positive number, received "1s"'],
      [{ maxEventSize: "1" }, 'maxEventSize must be a positive number, received "1"'],
    ] as const
  ) assert.throws(() => connect(url, options as object), { name: "TypeError", message });
});

test("a fetch is given what fetch() takes, and nothing else", { timeout: 10_000 }, async () => {
  let given: RequestInit | undefined;
  const options: ConnectOptions = {
    fetch: (_, init) => (given = init, answer("")()),
    method: "PUT",
    body: "x",
    credentials: "omit",
    headers: { a: "b" },
    signal: new AbortController().signal,
    lastEventId: "5",
    stallTimeout: 9_000,
    retry: { attempts: 1 },
    shouldRetry: () => false,
    maxEventSize: 9,
    comments: true,
    schemas: {},
  };
  await connect(url, options).closed;
  const { headers, signal, ...rest } = given!;
  assert.deepEqual(rest, {
    method: "PUT",
    body: "x",
    credentials: "omit",
    cache: "no-store",
    duplex: "half",
  });
  assert.equal((headers as Headers).get("a"), "b");
  assert.notEqual(signal, options.signal, "each request has a signal of its own");
});

test("caches are told to keep out, by a header on every runtime", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => openStream(response).end());
  await connect(server.url, { retry: false }).closed;
  await connect(server.url, { retry: false, headers: { "cache-control": "max-age=0" } }).closed;
  await server.kill();
  assert.deepEqual(server.requests.map(({ headers }) => headers["cache-control"]), ["no-cache", "max-age=0"]);
});

test("a body may be a stream", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => openStream(response).end());
  const body = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("streamed"));
        controller.close();
      },
    });
  await connect(server.url, { method: "POST", body }).closed;
  await server.kill();
  assert.deepEqual(server.requests.map((seen) => seen.body), ["streamed"]);
});

test(
  "a gap that no handler takes is printed, and one that is taken is not",
  { timeout: 10_000 },
  async () => {
    const text = 'event: gap\ndata: {"requested":"1"}\n\ndata: x\n\n';
    const printed = await errorsPrinted(async () => {
      const stream = connect(url, { fetch: answer(text), retry: false });
      stream.on("message", () => {});
      await stream.closed;
    });
    assert.equal(printed.length, 1);
    assert.match(printed[0]!, /^tidings: no handler took this gap:/);
    for (const name of ["gap", undefined]) {
      assert.deepEqual(
        await errorsPrinted(async () => {
          const stream = connect(url, { fetch: answer(text), retry: false });
          stream.on("message", () => {});
          if (name) stream.on(name, () => {});
          else stream.on(() => {});
          await stream.closed;
        }),
        [],
      );
    }
    assert.deepEqual(
      await errorsPrinted(async () => {
        for await (const _ of connect(url, { fetch: answer(text), retry: false }));
      }),
      [],
    );
  },
);
