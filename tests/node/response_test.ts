// Tests what toNodeListener makes of Node's response when the stream is ours: it then writes to the socket itself.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { Broadcaster, type Connection, createSSEResponse } from "../../mod.ts";
import { toNodeListener } from "../../lib/node/mod.ts";
import { bodiesOf } from "../support/bodies.ts";
import { RawClient } from "../support/client.ts";
import { FINAL } from "../support/final.ts";
import { listening, using } from "../support/listening.ts";
import { memoryInUse, runtime } from "../support/runtime.ts";
import { sleep, until } from "../support/wait.ts";

const skip = runtime !== "node" && "only Node's own node:http is written to directly";

const frames = (events: readonly string[]) => events.map((event) => `data: ${event}\n\n`).join("");

test("events of any size arrive in HTTP/1.1's chunks, and the connection takes the next request", {
  skip,
}, async () => {
  const events = ["x", "ä€😀".repeat(10), "y".repeat(200), "z".repeat(4_096), "w".repeat(70_000), "end"];
  let connection!: Connection;
  await using((request) => createSSEResponse(request, (given) => void (connection = given)), async (port) => {
    const client = await RawClient.open(port);
    for (let round = 1; round <= 3; round++) {
      client.request();
      await until(() => bodiesOf(client.text).length === round, "the response begins");
      for (const event of events) {
        assert.equal(connection.send(event), true);
        // Some in turns of their own, the rest in one.
        if (event.length < 300) await sleep(5);
      }
      connection.close();
      await until(() => client.text.endsWith("\r\n0\r\n\r\n"), "the response ends");
      assert.equal(bodiesOf(client.text)[round - 1], `:\n\n${frames(events)}<END>`);
    }
    client.reset();
  });
});

test("what was said before the response was sent arrives first, once, with its head", async () => {
  const listeners = [
    // At once, in the same turn as the head, and later.
    (request: Request) =>
      createSSEResponse(request, async (connection) => {
        for (const event of ["one", "two"]) connection.send(event);
        await sleep(0);
        connection.send("three");
        await sleep(20);
        connection.send("four");
        connection.close();
      }),
    // More than the client takes at once.
    (request: Request) =>
      createSSEResponse(request, async (connection) => {
        for (let i = 0; i < 200; i++) connection.send(`${i}`.padEnd(4_000, "."));
        await connection.ready();
        connection.close();
      }),
  ];
  const expected = [
    ["one", "two", "three", "four"],
    Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(4_000, ".")),
  ];
  await using(
    (request) => listeners[Number(new URL(request.url).pathname.slice(1))]!(request),
    async (port) => {
      for (const [index, events] of expected.entries()) {
        const response = await fetch(`http://127.0.0.1:${port}/${index}`);
        assert.equal(response.headers.get("content-type"), "text/event-stream");
        assert.equal(await response.text(), `:\n\n${frames(events)}`);
      }
    },
  );
});

test("a stream of which its handler has read a part is refused, as the other runtimes do", async () => {
  // Of the three pieces that wait.
  for (const taken of [1, 2, 3]) {
    const told: unknown[] = [];
    const listener = toNodeListener(async (request) => {
      const response = createSSEResponse(request, (connection) => {
        for (const event of ["one", "two"]) connection.send(event);
      });
      const reader = response.body!.getReader();
      for (let i = 0; i < taken; i++) await reader.read();
      reader.releaseLock();
      return response;
    }, { onError: (error) => void told.push(error) });
    await listening(listener, async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(response.status, 500);
      assert.equal(await response.text(), "Internal Server Error");
    });
    assert.match(String(told), /that nobody has read/);
  }
});

const USES: Record<string, (response: Response) => Response | Promise<Response>> = {
  "it is returned": (response) => response,
  "its body is looked at": (response) => {
    assert.equal(response.body?.locked, false);
    return response;
  },
  "it is copied with other headers": ({ body, status, headers }) =>
    new Response(body, { status, headers: [...headers, ["x-own", "2"]] }),
  "it is a copy's init": (response) => new Response(response.body, response),
  "it is cloned": (response) => response.clone(),
  "it is cloned, and returned itself": (response) => {
    // To the end: a clone that is cancelled keeps a process of Node 18 alive.
    void response.clone().text();
    return response;
  },
  "a header is added between two looks": (response) => {
    assert.ok(response.body instanceof ReadableStream);
    response.headers.set("x-late", "1");
    const copy = response.clone();
    assert.equal(copy.headers.get("x-late"), "1");
    return copy;
  },
  "its body goes through another stream": (response) =>
    new Response(response.body!.pipeThrough(new TransformStream()), response),
  "its text is read": async (response) => new Response(await response.text(), response),
  "its bytes are read": async (response) => new Response(await response.arrayBuffer(), response),
  "its blob is read": async (response) => new Response(await response.blob(), response),
};

for (const [name, use] of Object.entries(USES)) {
  test(`a stream's response is a Response: ${name}`, async () => {
    const responses: Response[] = [];
    await using((request) => {
      const response = createSSEResponse(request, ["one", "two"], { status: 201, headers: { "x-a": "1" } });
      assert.ok(response instanceof Response);
      assert.equal(response.bodyUsed, false);
      responses.push(response);
      return use(response);
    }, async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(response.status, 201);
      assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
      assert.equal(response.headers.get("x-a"), "1");
      assert.equal(await response.text(), `:\n\n${frames(["one", "two"])}${FINAL}`);
      // Somebody reads it, or has read it: nobody else can.
      if (!name.includes("clone") && !name.includes("two looks")) {
        await assert.rejects(async () => await responses[0]!.text(), TypeError);
      }
    });
  });
}

test("a client that speaks HTTP/1.0 gets no chunks", { skip }, async () => {
  await using((request) =>
    createSSEResponse(request, async function* () {
      for (const event of ["one", "two", "three"]) {
        yield event;
        await sleep(5);
      }
    }), async (port) => {
    const client = await RawClient.open(port);
    client.send("GET / HTTP/1.0\r\n\r\n");
    await client.untilClosed();
    assert.equal(client.body, `:\n\n${frames(["one", "two", "three"])}${FINAL}`);
  });
});

test("pipelined requests are answered in their order, whatever is sent to the later one meanwhile", {
  skip,
}, async () => {
  const connections: Connection[] = [];
  await using(
    (request) => createSSEResponse(request, (given) => void connections.push(given)),
    async (port) => {
      const client = await RawClient.open(port);
      client.request();
      client.request();
      await until(() => connections.length === 2, "both requests are handled");
      for (const event of ["a", "b", "c"]) {
        for (const [index, connection] of connections.entries()) connection.send(`${event}${index}`);
        await sleep(10);
      }
      connections[0]!.close();
      await client.until("c1\n\n");
      connections[1]!.send("live");
      connections[1]!.close();
      await until(() => client.text.split("\r\n0\r\n\r\n").length === 3, "both responses end");
      assert.deepEqual(bodiesOf(client.text), [
        `:\n\n${frames(["a0", "b0", "c0"])}<END>`,
        `:\n\n${frames(["a1", "b1", "c1", "live"])}<END>`,
      ]);
      client.reset();
    },
  );
});

test("who has put his own write in the place of Node's sees all that is written", { skip }, async () => {
  const feed = new Broadcaster();
  const answer = toNodeListener((request) => feed.subscribe(request));
  let seen = 0;
  await listening((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { write } = outgoing;
    outgoing.write = ((chunk: Uint8Array) => {
      seen += chunk.byteLength;
      return write.call(outgoing, chunk, "utf8");
    }) as typeof write;
    answer(incoming, outgoing);
  }, async (port) => {
    const client = await RawClient.open(port, {});
    await client.until("tidings-cursor");
    await until(() => feed.stats().lagging === 0, "the client is live");
    for (let i = 0; i < 3; i++) {
      feed.publish(`event ${i}`);
      await client.until(`event ${i}\n\n`);
    }
    assert.equal(new TextEncoder().encode(bodiesOf(client.text)[0]).byteLength, seen);
    client.reset();
    await until(() => feed.size === 0, "the client is gone");
  });
});

test("a stream that somebody else has ended is written to no more", { skip }, async () => {
  const responses: ServerResponse[] = [];
  let connection!: Connection;
  const answer = toNodeListener((request) =>
    createSSEResponse(request, (given) => void (connection = given))
  );
  await listening((incoming, outgoing) => {
    outgoing.on("error", () => {});
    responses.push(outgoing);
    answer(incoming, outgoing);
  }, async (port) => {
    const client = await RawClient.open(port, {});
    await client.until(":\n\n");
    connection.send("one");
    responses[0]!.end();
    connection.send("two");
    await client.until("0\r\n\r\n");
    await sleep(20);
    assert.deepEqual(bodiesOf(client.text), [`:\n\n${frames(["one"])}<END>`]);
    client.reset();
  });
});

// --- Who is told that a client left, after the garbage is collected --------------------------------------------------

const quiet = () =>
  new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(1)) }));

/** Each puts its listener where `told` is counted, and lets go of the request. */
const LISTENERS: { [title: string]: (request: Request, told: () => void) => Response | Promise<Response> } = {
  "the signal, beside a body of one's own": (request, told) => {
    request.signal.addEventListener("abort", told);
    return quiet();
  },
  "the signal, beside a stream": (request, told) => {
    request.signal.addEventListener("abort", told);
    return new Broadcaster().subscribe(request);
  },
  "onClose of a stream": (request, told) => createSSEResponse(request, () => {}, { onClose: told }),
  "onClose of a stream made for a copy": (request, told) =>
    createSSEResponse(new Request(request, { headers: { "x-own": "1" } }), () => {}, { onClose: told }),
  "onClose of a stream made for another request": (_, told) =>
    createSSEResponse(new Request("http://localhost/"), () => {}, { onClose: told }),
  "the connection's signal": (request, told) =>
    createSSEResponse(request, ({ signal }) => signal.addEventListener("abort", told)),
  "the signal, asked for late": (request, told) => {
    setTimeout(() => request.signal.addEventListener("abort", told), 20);
    return new Broadcaster().subscribe(request);
  },
};

test("whoever listens is told that the client left, though nothing holds the request", async () => {
  const told: string[] = [];
  await using((request) => {
    const title = Object.keys(LISTENERS)[Number(new URL(request.url).pathname.slice(1))]!;
    return LISTENERS[title]!(request, () => void told.push(title));
  }, async (port) => {
    const clients: RawClient[] = [];
    for (const index of Object.keys(LISTENERS).keys()) {
      const client = await RawClient.open(port, { path: `/${index}` });
      await client.until("\r\n\r\n");
      clients.push(client);
    }
    await sleep(50);
    await memoryInUse();
    await memoryInUse();
    for (const client of clients) client.reset();
    await until(() => told.length >= clients.length, "all are told").catch(() => {});
    assert.deepEqual(told.sort(), Object.keys(LISTENERS).sort());
  });
});

test("a request is a Request: it can be copied, cloned, inspected and read", async () => {
  const seen: unknown[] = [];
  await using(async (request) => {
    assert.ok(request instanceof Request);
    assert.equal(Object.prototype.toString.call(request), "[object Request]");
    assert.ok(request.signal instanceof AbortSignal);
    const copy = new Request(request.clone(), { headers: { "x-own": "1" } });
    seen.push(copy.method, copy.headers.get("x-own"), await copy.text(), await request.text());
    return new Response("fine");
  }, async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "hello" });
    assert.equal(await response.text(), "fine");
    assert.deepEqual(seen, ["POST", "1", "hello", "hello"]);
  });
});
