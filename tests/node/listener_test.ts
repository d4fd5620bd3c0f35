// Tests toNodeListener under each of Node's servers: HTTP, HTTPS and HTTP/2.
import assert from "node:assert/strict";
import { constants } from "node:http2";
import { test } from "node:test";
import { Broadcaster, type CloseInfo, createSSEResponse } from "../../mod.ts";
import { type FetchHandler, type ListenerOptions, toNodeListener } from "../../lib/node/mod.ts";
import { RawClient } from "../support/client.ts";
import { FINAL } from "../support/final.ts";
import { runtime } from "../support/runtime.ts";
import { startTransport, type Transport, type TransportName, whyNot } from "../support/transports.ts";
import { deferred, errorsPrinted, settled, sleep, until, within } from "../support/wait.ts";

const TRANSPORTS: TransportName[] = ["HTTP/1.1", "HTTPS", "HTTP/2"];
const BLOCK = new Uint8Array(65_536).fill(120);
const MOST_AHEAD = 8 << 20;

// How a client resets a stream of HTTP/2: with an error's code, or with none, as Node's own client does by default.
const RESETS = [constants.NGHTTP2_CANCEL, constants.NGHTTP2_NO_ERROR];

const bytes = (text: string) => new TextEncoder().encode(text);

async function using(
  name: TransportName,
  handler: FetchHandler,
  use: (transport: Transport) => Promise<void>,
  options?: ListenerOptions,
): Promise<void> {
  const transport = await startTransport(name, handler, options);
  try {
    await use(transport);
  } finally {
    await transport.close();
  }
}

/** What other runtimes' node:http cannot do, whatever listens. */
const LACKS: { [runtime: string]: { [title: string]: string } } = {
  bun: {
    "HTTP/1.1: OPTIONS * is answered": "Bun answers 400 itself",
    "HTTP/1.1: a method that a Request cannot have is answered 400": "Bun's Request takes every method",
  },
  deno: {
    "HTTP/1.1: a POST that nobody reads is answered, and the next request too":
      "Deno does not read the rest away",
  },
};

const lacking = (title: string) => {
  const skip = LACKS[runtime]?.[title];
  return skip === undefined ? {} : { skip };
};

function each(title: string, run: (name: TransportName) => Promise<void>, transports = TRANSPORTS): void {
  for (const name of transports) {
    const skip = whyNot(name) || LACKS[runtime]?.[`${name}: ${title}`] || false;
    test(`${name}: ${title}`, { timeout: 90_000, ...(skip === false ? {} : { skip }) }, () => run(name));
  }
}

// --- Streaming -----------------------------------------------------------------------------------------------------

each("events arrive as they are sent, and a regular end is neither an abort nor a cut", async (name) => {
  let request!: Request;
  let closed: CloseInfo | undefined;
  let next = deferred();
  await using(name, (given) => {
    request = given;
    return createSSEResponse(given, async function* () {
      yield "one";
      await next.promise;
      yield "two";
    }, { onClose: (info) => void (closed = info) });
  }, async ({ ask }) => {
    for (let i = 0; i < 2; i++) {
      next = deferred();
      closed = undefined;
      const exchange = ask();
      await exchange.until("data: one\n\n");
      assert.equal(exchange.status, 200);
      assert.equal(exchange.headers["content-type"], "text/event-stream");
      assert.equal(request.signal.aborted, false);
      next.resolve();
      assert.equal((await exchange.ended()).end, "complete");
      assert.equal(exchange.text, `:\n\ndata: one\n\ndata: two\n\n${FINAL}`);
      assert.deepEqual(closed, { reason: "end" });
      await sleep(50);
      assert.equal(request.signal.aborted, false);
    }
  });
});

each("a client that leaves aborts the signal and cancels the body", async (name) => {
  let request!: Request;
  let cancelled = deferred();
  await using(name, (given) => {
    request = given;
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("here")),
        cancel: () => cancelled.resolve(),
      }),
    );
  }, async ({ ask }) => {
    for (const reset of RESETS) {
      cancelled = deferred();
      const exchange = ask();
      await exchange.until("here");
      const left = performance.now();
      exchange.leave(reset);
      await within(cancelled.promise, "the body is cancelled");
      await until(() => request.signal.aborted, "the signal is aborted");
      assert.ok(performance.now() - left < 1_000);
    }
  });
});

each("a client that leaves is no longer among a broadcaster's", async (name) => {
  const feed = new Broadcaster();
  await using(name, (request) => feed.subscribe(request), async ({ ask }) => {
    for (const reset of RESETS) {
      const exchange = ask();
      await exchange.until(":\n\n");
      assert.equal(feed.size, 1);
      exchange.leave(reset);
      await until(() => feed.size === 0, "the client is gone");
    }
  });
  await feed.close();
});

each(
  "a client that leaves before the handler has answered aborts the signal and cancels the body",
  async (name) => {
    const begun = deferred();
    const cancelled = deferred();
    const aborted = deferred();
    await using(name, async ({ signal }) => {
      begun.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      aborted.resolve();
      return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
    }, async ({ ask }) => {
      const exchange = ask();
      await within(begun.promise, "the handler is called");
      exchange.leave();
      await within(aborted.promise, "the signal is aborted");
      await within(cancelled.promise, "the body is cancelled");
    });
  },
);

each("a body is read at the client's pace", async (name) => {
  let pulls = 0;
  const cancelled = deferred();
  await using(name, () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          if (++pulls % 16 === 0) await sleep(0);
          controller.enqueue(BLOCK);
        },
        cancel: () => cancelled.resolve(),
      }),
    ), async ({ ask }) => {
    const exchange = ask({ reading: false });
    await exchange.head();
    const stopped = await settled(() => pulls);
    assert.ok(stopped > 0 && stopped * BLOCK.length < MOST_AHEAD, `${stopped} blocks of 64 KB were taken`);
    exchange.read();
    await until(() => pulls > stopped + 100, "the body is read on");
    exchange.leave();
    await within(cancelled.promise, "the body is cancelled");
  });
});

each("headers arrive while the body is still quiet", async (name) => {
  await using(
    name,
    () => new Response(new ReadableStream({}), { headers: { "x-own": "1" } }),
    async ({ ask }) => {
      const exchange = ask();
      await exchange.head(1_000);
      assert.equal(exchange.headers["x-own"], "1");
      assert.equal(exchange.end, undefined);
      exchange.leave();
    },
  );
});

each("HEAD gets the headers; the body is cancelled and never read", async (name) => {
  let pulls = 0;
  let cancels = 0;
  let signal!: AbortSignal;
  await using(name, (request) => {
    signal = request.signal;
    return new Response(
      new ReadableStream({ pull: () => void pulls++, cancel: () => void cancels++ }, { highWaterMark: 0 }),
      { headers: { "x-own": "1" } },
    );
  }, async ({ ask }) => {
    const exchange = await ask({ method: "HEAD" }).ended();
    assert.equal(exchange.end, "complete");
    assert.equal(exchange.status, 200);
    assert.equal(exchange.headers["x-own"], "1");
    assert.equal(exchange.text, "");
    await until(() => cancels === 1, "the body is cancelled");
    assert.equal(pulls, 0);
    await sleep(20);
    assert.equal(signal.aborted, false);
  });
});

each("a body that fails is cut off, after what was sent", async (name) => {
  let cutSignal!: AbortSignal;
  await using(name, (request) => {
    cutSignal = request.signal;
    let sent = 0;
    // The failure comes in the very step that hands the last piece over.
    const synchronous = request.url.endsWith("/at-once");
    return new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(bytes("first ")),
        async pull(controller) {
          if (sent++ === 0) return controller.enqueue(bytes("last"));
          if (!synchronous) await sleep(5);
          controller.error(new Error("a secret"));
        },
      }),
    );
  }, async ({ ask }) => {
    for (const path of ["/at-once", "/later"]) {
      const exchange = await ask({ path }).ended();
      assert.equal(exchange.end, "cut", path);
      assert.equal(exchange.text, "first last", path);
      assert.equal(cutSignal.aborted, true);
    }
  });
});

each("a client that is slow to read still gets what came before a failure", async (name) => {
  let pulls = 0;
  let fail = () => {};
  await using(name, () =>
    new Response(
      new ReadableStream({
        start: (controller) => fail = () => controller.error(new Error("a secret")),
        async pull(controller) {
          if (++pulls % 16 === 0) await sleep(0);
          controller.enqueue(BLOCK);
        },
      }, { highWaterMark: 0 }),
    ), async ({ ask }) => {
    const exchange = ask({ reading: false });
    await exchange.head();
    const taken = await settled(() => pulls);
    fail();
    await sleep(50);
    exchange.read();
    await exchange.ended();
    assert.equal(exchange.end, "cut");
    assert.equal(exchange.received, taken * BLOCK.length);
  });
}, ["HTTP/1.1", "HTTPS"]);

each("a client that never reads is evicted, and its socket or stream ended", async (name) => {
  const told = deferred<CloseInfo>();
  let signal!: AbortSignal;
  await using(name, (request) => {
    signal = request.signal;
    return createSSEResponse(request, (connection) => {
      const timer = setInterval(() => connection.send("x".repeat(60_000)), 1);
      return () => clearInterval(timer);
    }, { onClose: told.resolve });
  }, async ({ ask, sockets }) => {
    const exchange = ask({ reading: false });
    await exchange.head();
    assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "overflow" });
    await until(() => signal.aborted, "the response is over");
    if (name !== "HTTP/2") await until(() => sockets.size === 0, "the socket is gone");
    exchange.read();
    assert.equal((await exchange.ended()).end, "cut");
  });
});

test("HTTP/2: a header that it cannot carry is told to the operator, and ends that response alone", {
  skip: whyNot("HTTP/2"),
}, async () => {
  const handler = (request: Request) =>
    new Response("here", { headers: request.url.endsWith("/bad") ? { te: "gzip" } : {} });
  await using("HTTP/2", handler, async ({ ask }) => {
    const printed = await errorsPrinted(async () => {
      const bad = ask({ path: "/bad" });
      assert.equal((await bad.ended()).end, "cut");
    });
    assert.match(printed.join("\n"), /a response could not be sent/);
    const good = ask({ path: "/good" });
    assert.equal((await good.ended()).end, "complete");
  });
});

test("HTTP/2: one stream that is reset leaves the others alone", { skip: whyNot("HTTP/2") }, async () => {
  const broadcaster = new Broadcaster();
  await using("HTTP/2", (request) => broadcaster.subscribe(request), async ({ ask, sockets }) => {
    const [first, second] = [ask(), ask()];
    await first.until("tidings-cursor");
    await second.until("tidings-cursor");
    assert.equal(sockets.size, 1);
    first.leave();
    await until(() => broadcaster.size === 1, "one is left");
    broadcaster.publish("to the other");
    await second.until("data: to the other\n\n");
    second.leave();
    await until(() => broadcaster.size === 0, "none is left");
  });
});

// --- Requests ------------------------------------------------------------------------------------------------------

each("the body of a POST arrives: text, a megabyte, and nothing", async (name) => {
  await using(name, async (request) => {
    const { url, method, headers } = request;
    const text = await request.text();
    return Response.json({ path: new URL(url).pathname, method, type: headers.get("content-type"), text });
  }, async ({ ask }) => {
    for (const text of ["hello, wörld", "x".repeat(1 << 20), ""]) {
      const exchange = ask({
        method: "POST",
        path: "/post",
        headers: { "content-type": "text/plain" },
        uploading: true,
      });
      exchange.upload.end(text);
      await exchange.ended();
      if (text.length > 1e6) assert.ok(exchange.received > text.length);
      else {assert.deepEqual(JSON.parse(exchange.text), {
          path: "/post",
          method: "POST",
          type: "text/plain",
          text,
        });}
    }
  });
});

each("a POST that is uploaded slowly is read as it comes, and answered meanwhile", async (name) => {
  await using(name, (request) => new Response(request.body), async ({ ask }) => {
    const exchange = ask({ method: "POST", uploading: true });
    for (const word of ["one ", "two ", "three"]) {
      exchange.upload.write(word);
      await exchange.until(word);
    }
    exchange.upload.end();
    await exchange.ended();
    assert.equal(exchange.end, "complete");
    assert.equal(exchange.text, "one two three");
  });
});

each("a POST that nobody reads is answered, and the next request too", async (name) => {
  await using(name, ({ method }) => new Response(method), async ({ ask }) => {
    for (const size of [10, 1 << 20]) {
      const exchange = ask({ method: "POST", uploading: true });
      exchange.upload.end("x".repeat(size));
      await exchange.ended();
      assert.equal(exchange.text, "POST");
      assert.equal((await ask().ended()).text, "GET");
    }
  });
});

each(
  "a client that leaves in the middle of its upload fails the request's body and aborts its signal",
  async (name) => {
    const failed = deferred<unknown>();
    const aborted = deferred();
    let got = 0;
    let hadAborted = false;
    await using(name, async (request) => {
      request.signal.addEventListener("abort", () => aborted.resolve());
      try {
        const reader = request.body!.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          got += value.length;
        }
        failed.resolve("the body came to its end");
      } catch (error) {
        failed.resolve(error);
        hadAborted = request.signal.aborted;
      }
      return new Response("too late");
    }, async ({ ask }) => {
      const exchange = ask({ method: "POST", uploading: true });
      exchange.upload.write("the first half");
      await until(() => got > 0, "some of the body arrives");
      exchange.leave();
      // Over HTTP/1.1 it is Node's own error, and each runtime has another.
      assert.match(
        `${await within(failed.promise, "the body fails")}`,
        name === "HTTP/2" ? /client left/ : /Error/,
      );
      await within(aborted.promise, "the signal is aborted");
      assert.equal(hadAborted, true, "whoever learns of it by the body sees it by the signal, too");
    });
  },
);

each("a handler that has read enough still gets its answer out, and the next request too", async (name) => {
  await using(name, async (request) => {
    if (request.method === "GET") return new Response("next");
    const reader = request.body!.getReader();
    await reader.read();
    if (request.url.endsWith("/cancels")) await reader.cancel();
    return new Response("Too large", { status: 413 });
  }, async ({ ask }) => {
    for (const path of ["/cancels", "/stops"]) {
      const exchange = ask({ method: "POST", path, uploading: true });
      exchange.upload.end("x".repeat(1 << 20));
      await exchange.ended();
      assert.equal(exchange.status, 413, path);
      assert.equal(exchange.text, "Too large", path);
      assert.equal((await ask().ended()).text, "next");
    }
  });
});

// --- Responses -----------------------------------------------------------------------------------------------------

each(
  "status, headers and two cookies arrive; what belongs to the connection does not break HTTP/2",
  async (name) => {
    await using(name, () => {
      const headers = new Headers({ "x-own": "1", "keep-alive": "timeout=5" });
      headers.append("set-cookie", "a=1; Path=/");
      headers.append("set-cookie", "b=2, and a comma");
      return new Response("made", { status: 201, statusText: "Made Up", headers });
    }, async ({ ask }) => {
      const exchange = await ask().ended();
      assert.equal(exchange.end, "complete");
      assert.equal(exchange.status, 201);
      assert.equal(exchange.statusText, name === "HTTP/2" ? undefined : "Made Up");
      assert.equal(exchange.headers["x-own"], "1");
      assert.deepEqual(exchange.headers["set-cookie"], ["a=1; Path=/", "b=2, and a comma"]);
      if (name === "HTTP/2") assert.equal(exchange.headers["keep-alive"], undefined);
      assert.equal(exchange.text, "made");
    });
  },
);

each("each of the headers that HTTP/2 forbids is dropped", async (name) => {
  const forbidden = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
  await using(name, ({ url }) => {
    const [, header] = url.split("?");
    return new Response("fine", { headers: { [header!]: "close" } });
  }, async ({ ask }) => {
    for (const header of forbidden) {
      const exchange = await ask({ path: `/?${header}` }).ended();
      assert.equal(exchange.text, "fine", header);
      assert.equal(exchange.headers[header], undefined);
    }
  });
}, ["HTTP/2"]);

each("a response without a body is complete", async (name) => {
  await using(name, () => new Response(null, { status: 204 }), async ({ ask }) => {
    const exchange = await ask().ended();
    assert.equal(exchange.end, "complete");
    assert.equal(exchange.status, 204);
  });
});

each("a handler that fails is a bare 500, and onError is told", async (name) => {
  const told: [unknown, Request][] = [];
  const boom = new Error("a secret");
  const handlers: Record<string, (request: Request) => unknown> = {
    "/throws": () => {
      throw boom;
    },
    "/rejects": () => Promise.reject(boom),
    "/nothing": () => undefined,
    "/text": () => "not a Response",
    "/read": async () => {
      const response = new Response("a secret");
      await response.text();
      return response;
    },
    "/stream-read": async (request) => {
      const response = createSSEResponse(request, ["a secret"]);
      await response.text();
      return response;
    },
  };
  await using(
    name,
    (request) => handlers[new URL(request.url).pathname]!(request) as Response,
    async ({ ask }) => {
      for (const path of Object.keys(handlers)) {
        told.length = 0;
        const exchange = await ask({ path }).ended();
        assert.equal(exchange.status, 500);
        assert.equal(exchange.text, "Internal Server Error");
        assert.equal(told.length, 1);
        const [[error, request]] = told as [[Error, Request]];
        assert.equal(new URL(request.url).pathname, path);
        if (path === "/throws" || path === "/rejects") assert.equal(error, boom);
        else assert.match(error.message, /must return a Response/);
      }
    },
    { onError: (error, request) => void told.push([error, request]) },
  );
});

each("a handler's failure is printed where there is no onError, or where that fails too", async (name) => {
  for (const options of [{}, { onError: () => assert.fail("onError, too") }]) {
    const printed = await errorsPrinted(() =>
      using(name, () => {
        throw new Error("a secret");
      }, async ({ ask }) => {
        const exchange = await ask().ended();
        assert.equal(exchange.status, 500);
        assert.doesNotMatch(exchange.text, /secret/);
      }, options)
    );
    assert.equal(printed.length, 1);
    assert.match(printed[0]!, "onError" in options ? /onError, too/ : /a secret/);
  }
});

test("a handler or an option of no use is refused by name", () => {
  assert.throws(
    () => toNodeListener(undefined as never),
    /"handler" must be a fetch handler, such as \(request\) => feed\.subscribe\(request\), received undefined/,
  );
  assert.throws(
    () => toNodeListener(() => new Response(), { onError: 5 as never }),
    /"onError" must be a function/,
  );
  assert.throws(
    () => toNodeListener(() => new Response(), { onerror: () => {} } as never),
    /^TypeError: Unknown option "onerror" of toNodeListener: did you mean "onError"\?$/,
  );
});

// --- What only a raw client can send -------------------------------------------------------------------------------

async function raw(handler: FetchHandler, use: (port: number) => Promise<void>): Promise<void> {
  await using("HTTP/1.1", handler, ({ port }) => use(port));
}

test("HTTP/1.1: a Host that is none is answered 400", async () => {
  let calls = 0;
  await raw(() => new Response(`call ${++calls}`), async (port) => {
    for (
      const host of ["a b", "a/b:c@d[", "x:99999", "[::1", "evil.example/path?", "user@evil.example", "a#b"]
    ) {
      const client = await RawClient.open(port, { headers: { host, connection: "close" } });
      assert.match(await client.untilClosed(), /^HTTP\/1\.1 400 /, host);
    }
    const two = await RawClient.open(port, {
      headers: { host: "a.example", Host: "b.example", connection: "close" },
    });
    assert.match(await two.untilClosed(), /^HTTP\/1\.1 400 /, "two of them");
    assert.equal(calls, 0);
    const client = await RawClient.open(port, {
      headers: { host: "fine.example:8080", connection: "close" },
    });
    assert.match(await client.untilClosed(), /call 1/);
  });
});

test("HTTP/1.1: a path stays a path, whatever it looks like", async () => {
  await raw(({ url }) => Response.json({ url }), async (port) => {
    const asked = {
      "//evil.example/x": "http://good.example//evil.example/x",
      "/\\evil.example/x": "http://good.example//evil.example/x",
      "/a//b?c=//d": "http://good.example/a//b?c=//d",
      "/@evil.example": "http://good.example/@evil.example",
      "/%2f..%2f": "http://good.example/%2f..%2f",
      "http://other.example/y": "http://other.example/y",
    };
    for (const [path, url] of Object.entries(asked)) {
      const client = await RawClient.open(port, {
        path,
        headers: { host: "good.example", connection: "close" },
      });
      const text = await client.untilClosed();
      assert.ok(text.includes(JSON.stringify({ url })), `${path}: ${text}`);
    }
  });
});

test("HTTP/1.1: without a host the path is still none", async () => {
  await raw(({ url }) => Response.json({ url }), async (port) => {
    const client = await RawClient.open(port, {
      path: "/evil.example/x",
      headers: { host: "", connection: "close" },
    });
    const text = await client.untilClosed();
    assert.ok(text.includes('{"url":"http://localhost/evil.example/x"}'), text);
  });
});

test("HTTP/1.1: OPTIONS * is answered", lacking("HTTP/1.1: OPTIONS * is answered"), async () => {
  await raw(({ method, url }) => new Response(`${method} ${new URL(url).host}`), async (port) => {
    const client = await RawClient.open(port, {
      method: "OPTIONS",
      path: "*",
      headers: { connection: "close" },
    });
    assert.match(await client.untilClosed(), /OPTIONS 127\.0\.0\.1/);
  });
});

test(
  "HTTP/1.1: a method that a Request cannot have is answered 400",
  lacking("HTTP/1.1: a method that a Request cannot have is answered 400"),
  async () => {
    await raw(() => new Response("was called"), async (port) => {
      const client = await RawClient.open(port, { method: "TRACE", headers: { connection: "close" } });
      assert.match(await client.untilClosed(), /^HTTP\/1\.1 400 /);
    });
  },
);
