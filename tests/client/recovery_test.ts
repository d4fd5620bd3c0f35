// Tests connect() against a real server that misbehaves: what can recover delivers each event exactly once and in order, what
// cannot ends with a named error that carries the response.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import { connect, type ConnectOptions, type StreamItem, TidingsError } from "../../lib/client/mod.ts";
import {
  events,
  openStream,
  refuse,
  reset,
  type Responder,
  resumeAt,
  startServer,
  type TestServer,
} from "../support/client_server.ts";
import { sleep, until } from "../support/wait.ts";

const quick = { base: 20, max: 60 };

/** Runs a client against a server until it has so many events, and checks that they are events 1 to that, in order. */
async function expectAll(
  respond: Responder,
  last: number,
  options: ConnectOptions = {},
  check?: (server: TestServer, states: string[]) => void,
): Promise<void> {
  const server = await startServer(respond);
  const states: string[] = [];
  const seen: string[] = [];
  try {
    const stream = connect(server.url, { retry: quick, stallTimeout: 5000, ...options });
    stream.onstate = (state, { error }) => {
      states.push(error ? `${state}: ${(error as TidingsError).code}` : state);
    };
    for await (const item of stream) {
      assert.equal(item.kind, "event");
      seen.push(`${item.lastEventId}: ${(item as { data: string }).data}`);
      if (seen.length === last) break;
    }
    assert.deepEqual(seen, Array.from({ length: last }, (_, n) => `${n + 1}: event ${n + 1}`));
    check?.(server, states);
  } finally {
    await server.kill();
  }
}

/** Runs a client that cannot recover, and gives back what it had and the error. */
async function expectError(
  respond: Responder,
  code: string,
  options: ConnectOptions = {},
): Promise<{ error: TidingsError; seen: StreamItem[]; requests: number }> {
  const server = await startServer(respond);
  const seen: StreamItem[] = [];
  try {
    const stream = connect(server.url, { retry: quick, stallTimeout: 5000, ...options });
    let caught: unknown;
    try {
      for await (const item of stream) seen.push(item as StreamItem);
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof TidingsError, `expected ${code}, got ${String(caught)}`);
    assert.equal(caught.code, code);
    assert.equal(stream.state, "closed");
    await assert.rejects(stream.closed, (error) => error === caught);
    // The body of a refusal is still there to be read.
    if (caught.response?.bodyUsed === false) await caught.response.text();
    return { error: caught, seen, requests: server.requests.length };
  } finally {
    await server.kill();
  }
}

/** Sends what is missing, so that a client that recovers is done. */
function finish(response: ServerResponse, from: number, to: number): void {
  openStream(response).write(events(from, to));
}

test(
  "a clean end is followed by the next connection, with the last id",
  { timeout: 30_000 },
  () =>
    expectAll(
      (response, seen) => {
        const from = resumeAt(seen);
        openStream(response).end(events(from, from + 2));
      },
      12,
      {},
      (server, states) => {
        assert.deepEqual(server.requests.slice(0, 3).map((r) => r.headers["last-event-id"]), [
          undefined,
          "3",
          "6",
        ]);
        assert.deepEqual(states.slice(0, 4), [
          "connecting",
          "open",
          "waiting: connection-ended",
          "connecting",
        ]);
      },
    ),
);

test(
  "a reset in the middle of an event discards it, and it comes again",
  { timeout: 30_000 },
  () =>
    expectAll(
      async (response, seen, count) => {
        const from = resumeAt(seen);
        if (count === 3) return finish(response, from, 20);
        openStream(response).write(events(from, from + 3) + `id: ${from + 4}\ndata: eve`);
        await sleep(100);
        reset(response);
      },
      20,
      {},
      (_, states) => assert.equal(states[2], "waiting: connection-failed"),
    ),
);

test(
  "an end in the middle of an event, and of a character, discards it",
  { timeout: 30_000 },
  () =>
    expectAll((response, seen, count) => {
      const from = resumeAt(seen);
      if (count) return finish(response, from, 4);
      openStream(response).write(events(1, 2) + "id: 3\ndata: event 3\n");
      response.end(new Uint8Array([0xe2, 0x82]));
    }, 4),
);

test("a status that may pass is retried: 500, 502, 503, 504, 408, 425, 429", { timeout: 30_000 }, () => {
  const statuses = [500, 502, 503, 504, 408, 425, 429];
  return expectAll(
    (response, seen, count) => {
      if (count % 2 === 0 && statuses.length) return refuse(response, statuses.shift()!);
      const from = resumeAt(seen);
      if (!statuses.length) return finish(response, from, 20);
      openStream(response).end(events(from, from + 1));
    },
    20,
    {},
    (_, states) => assert.equal(states.filter((s) => s === "waiting: bad-status").length, 7),
  );
});

test(
  "Retry-After is waited for, in seconds and as a date",
  { timeout: 30_000 },
  () =>
    expectAll(
      (response, seen, count) => {
        if (count === 0) return refuse(response, 503, { "retry-after": "1" });
        // A date has whole seconds: two ahead is at least one.
        if (count === 1) {
          return refuse(response, 429, {
            "retry-after": new Date(Date.now() + 2000).toUTCString(),
          });
        }
        finish(response, resumeAt(seen), 2);
      },
      2,
      {},
      ({ requests }) => {
        assert.ok(requests[1]!.at - requests[0]!.at >= 990, "a second after the 503");
        assert.ok(requests[2]!.at - requests[1]!.at >= 900, "a second or two after the 429");
      },
    ),
);

test("a refused connection is retried until the server is there", { timeout: 30_000 }, async () => {
  const first = await startServer((response) => openStream(response).write(events(1, 3)));
  const stream = connect(first.url, { retry: quick });
  const seen: string[] = [];
  const done = (async () => {
    for await (const item of stream) {
      seen.push(item.lastEventId);
      if (seen.length === 3) await first.kill();
      if (seen.length === 6) break;
    }
  })();
  while (seen.length < 3) await sleep(10);
  await sleep(500);
  const states: string[] = [];
  stream.onstate = (state) => states.push(state);
  await until(() => states.length >= 2, "meanwhile it tries");
  assert.ok(!states.includes("open"), states.join());
  const second = await startServer((response, request) => finish(response, resumeAt(request), 6), first.port);
  await done;
  await second.kill();
  assert.deepEqual(seen, ["1", "2", "3", "4", "5", "6"]);
});

test("401, then a fresh token", { timeout: 30_000 }, () => {
  let token = 0;
  return expectAll(
    (response, seen) => {
      if (seen.headers.authorization !== "Bearer 2") return refuse(response, 401);
      finish(response, resumeAt(seen), 3);
    },
    3,
    {
      headers: async () => ({ authorization: `Bearer ${await Promise.resolve(token++)}` }),
      shouldRetry: (error, { retry }) => retry || error.response?.status === 401,
    },
    ({ requests }) => assert.equal(requests.length, 3),
  );
});

test("a server frozen for longer than stallTimeout is left, an open stream and one without an answer", {
  timeout: 30_000,
}, () =>
  expectAll(
    (response, seen, count) => {
      const from = resumeAt(seen);
      if (count === 0) return; // takes the request and never answers
      if (count === 1) return void openStream(response).write(events(from, from + 2));
      finish(response, from, 6);
    },
    6,
    { stallTimeout: 300 },
    (server, states) => {
      assert.equal(states.filter((s) => s === "waiting: connection-stalled").length, 2);
      assert.ok(server.streams() <= 1, "the frozen connections are closed");
    },
  ));

test("any byte resets the watchdog", { timeout: 30_000 }, () =>
  expectAll(
    async (response) => {
      openStream(response);
      for (const byte of ": quiet\n\n") {
        await sleep(150);
        response.write(byte);
      }
      response.write(events(1, 1));
    },
    1,
    { stallTimeout: 600 },
    (_, states) => assert.deepEqual(states, ["connecting", "open", "closed"]),
  ));

test(
  "redirects are followed, and the next attempt asks at the first address again",
  { timeout: 30_000 },
  () =>
    expectAll(
      (response, seen, count) => {
        if (seen.path === "/events") return refuse(response, count ? 307 : 302, { location: "/elsewhere" });
        const from = resumeAt(seen);
        openStream(response).end(events(from, from + 1));
      },
      4,
      {},
      ({ requests }) => {
        assert.deepEqual(requests.slice(0, 4).map((r) => r.path), [
          "/events",
          "/elsewhere",
          "/events",
          "/elsewhere",
        ]);
      },
    ),
);

test("retry: 0 does not make a busy loop", { timeout: 30_000 }, () =>
  expectAll(
    (response, seen) => {
      const from = resumeAt(seen);
      openStream(response).end(`retry: 0\n${events(from, from)}`);
    },
    3,
    {},
    ({ requests }) => {
      for (let n = 1; n < requests.length; n++) {
        assert.ok(
          requests[n]!.at - requests[n - 1]!.at >= 480,
          `${requests[n]!.at - requests[n - 1]!.at} ms`,
        );
      }
    },
  ));

test("retry: is waited for in full", { timeout: 30_000 }, () =>
  expectAll(
    (response, seen) => {
      const from = resumeAt(seen);
      openStream(response).end(`retry: 900\n${events(from, from)}`);
    },
    2,
    {},
    ({ requests }) => assert.ok(requests[1]!.at - requests[0]!.at >= 880),
  ));

test("a server that keeps only what it can tells of the gap", { timeout: 30_000 }, async () => {
  const gap = { requested: "3", resumedAt: "7", reason: "fell off the log" };
  const server = await startServer((response, seen) => {
    if (resumeAt(seen) === 1) return void openStream(response).end(events(1, 3));
    openStream(response).write(`id: 7\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n` + events(8, 8));
  });
  const seen: StreamItem[] = [];
  for await (const item of connect(server.url, { retry: quick })) {
    seen.push(item);
    if (item.lastEventId === "8") break;
  }
  await server.kill();
  assert.deepEqual(seen.map((item) => item.kind), ["event", "event", "event", "gap", "event"]);
  assert.deepEqual(seen[3], {
    kind: "gap",
    event: "gap",
    data: JSON.stringify(gap),
    ...gap,
    lastEventId: "7",
  });
});

test("an id that is no ASCII comes back as the server sent it", { timeout: 30_000 }, async () => {
  const server = await startServer((response, seen) => {
    if (!seen.headers["last-event-id"]) openStream(response).end("id: 日本é\ndata: x\n\n");
    else openStream(response).write("data: y\n\n");
  });
  for await (const item of connect(server.url, { retry: quick })) {
    if ((item as { data: string }).data === "y") break;
  }
  // node:http gives a header's bytes as one character each.
  const raw = server.requests[1]!.headers["last-event-id"] as string;
  await server.kill();
  assert.equal(new TextDecoder().decode(Uint8Array.from(raw, (c) => c.charCodeAt(0))), "日本é");
});

// --- what cannot recover ---

for (const status of [204, 201, 400, 401, 403, 404, 410]) {
  test(`${status} is final, and the error carries the response`, { timeout: 30_000 }, async () => {
    const { error, requests } = await expectError(
      (response) => refuse(response, status),
      status === 204 ? "no-content" : "bad-status",
    );
    assert.equal(error.response?.status, status);
    assert.equal(requests, 1);
  });
}

test("the body of a refusal can be read", { timeout: 30_000 }, async () => {
  const server = await startServer((response) => refuse(response, 403));
  const stream = connect(server.url);
  const error = await stream.closed.then(() => undefined, (e: TidingsError) => e);
  assert.equal(await error?.response?.text(), "status 403");
  await server.kill();
});

test("a wrong content type is final", { timeout: 30_000 }, async () => {
  const { error } = await expectError((response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<html>");
  }, "bad-content-type");
  assert.equal(error.response?.headers.get("content-type"), "text/html");
});

test(
  "a redirect to itself is retried, as what may pass, until the attempts are used up",
  { timeout: 30_000 },
  async () => {
    const { error } = await expectError(
      (response) => refuse(response, 302, { location: "/events" }),
      "connection-failed",
      { retry: { ...quick, attempts: 1 } },
    );
    assert.ok(error.cause);
  },
);

test("an event over the cap is final, after the events before it", { timeout: 30_000 }, async () => {
  const { error, seen, requests } = await expectError(
    (response) => {
      openStream(response).write(events(1, 3) + `data: ${"x".repeat(2000)}\n\n` + events(4, 4));
    },
    "event-too-large",
    { maxEventSize: 1000 },
  );
  assert.deepEqual(seen.map((item) => item.lastEventId), ["1", "2", "3"]);
  assert.equal(error.response?.status, 200);
  assert.equal(requests, 1);
});

test("an endless line is cut off at the cap", { timeout: 30_000 }, async () => {
  await expectError((response) => {
    openStream(response);
    const timer = setInterval(() => response.write("x".repeat(10_000)), 1);
    response.on("close", () => clearInterval(timer));
  }, "event-too-large");
});

test("attempts are counted in a row, and the last failure is the error", { timeout: 30_000 }, async () => {
  const { error, requests } = await expectError((response) => refuse(response, 503), "bad-status", {
    retry: { ...quick, attempts: 3 },
  });
  assert.equal(requests, 4);
  assert.equal(error.response?.status, 503);
});

test("attempts used up by clean ends say so", { timeout: 30_000 }, async () => {
  const { seen, error } = await expectError(
    (response) => {
      openStream(response).end("data: x\n\n");
    },
    "connection-ended",
    { retry: { ...quick, attempts: 2 } },
  );
  assert.equal(seen.length, 3);
  assert.equal(error.response?.status, 200);
});

test(
  "a connection that was stable begins the count anew",
  { timeout: 30_000 },
  () =>
    expectAll(
      async (response, seen) => {
        const from = resumeAt(seen);
        openStream(response).write(events(from, from));
        await sleep(300);
        response.end();
      },
      4,
      { retry: { ...quick, attempts: 1, max: 150 } },
    ),
);

test("one that was not stable does not", { timeout: 30_000 }, async () => {
  const { requests } = await expectError(
    (response, seen) => {
      const from = resumeAt(seen);
      openStream(response).end(events(from, from));
    },
    "connection-ended",
    { retry: { ...quick, attempts: 2, max: 5000 } },
  );
  assert.equal(requests, 3);
});

test("nobody there, and no retry: a named error with the cause", { timeout: 30_000 }, async () => {
  const server = await startServer(() => {});
  await server.kill();
  const stream = connect(server.url, { retry: false });
  await assert.rejects(
    stream.closed,
    (error) =>
      error instanceof TidingsError && error.code === "connection-failed" && error.cause instanceof Error,
  );
});

// --- methods other than GET ---

test("a POST is made once: its end is the end of the stream", { timeout: 30_000 }, async () => {
  const server = await startServer((response) => openStream(response).end("data: Hel\n\ndata: lo\n\n"));
  const texts: string[] = [];
  const body = JSON.stringify({ prompt: "hi" });
  for await (
    const item of connect(server.url, {
      method: "post",
      body,
      headers: { "content-type": "application/json" },
    })
  ) {
    texts.push((item as { data: string }).data);
  }
  await server.kill();
  assert.deepEqual(texts, ["Hel", "lo"]);
  assert.deepEqual(
    server.requests.map((r) => [r.method, r.body, r.headers["content-type"], r.headers.accept]),
    [
      ["POST", body, "application/json", "text/event-stream"],
    ],
  );
});

test("a POST that breaks is an error, not a second POST", { timeout: 30_000 }, async () => {
  const { seen, requests } = await expectError(
    async (response) => {
      openStream(response).write("data: Hel\n\n");
      await sleep(100);
      reset(response);
    },
    "connection-failed",
    { method: "POST", body: "x", shouldRetry: () => true },
  );
  assert.equal(seen.length, 1);
  assert.equal(requests, 1);
});

test("a POST is retried when told to, with a body asked for each time", { timeout: 30_000 }, () => {
  let n = 0;
  return expectAll(
    (response, seen) => {
      const from = resumeAt(seen);
      openStream(response).end(events(from, from));
    },
    3,
    { method: "POST", body: () => `body ${n++}`, retry: { ...quick, nonGet: true } },
    ({ requests }) => {
      assert.deepEqual(requests.map((r) => r.body), ["body 0", "body 1", "body 2"]);
    },
  );
});

test("a headers function that fails is a failed attempt, not the end", { timeout: 30_000 }, () => {
  let n = 0;
  return expectAll((response, seen) => finish(response, resumeAt(seen), 1), 1, {
    headers: () => n++ < 2 ? Promise.reject(new Error("no token server")) : { authorization: "x" },
  }, ({ requests }, states) => {
    assert.equal(requests.length, 1);
    assert.equal(states.filter((s) => s === "waiting: connection-failed").length, 2);
  });
});
