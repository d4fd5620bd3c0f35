// Tests serve() on the running runtime: where it listens, how it fails, how it closes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, TidingsError } from "../../mod.ts";
import { type FetchHandler, type RunningServer, serve, type ServeOptions } from "../../lib/serve/mod.ts";
import { RawClient } from "../support/client.ts";
import { runtime } from "../support/runtime.ts";
import { runFixture } from "../support/spawn.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { deferred, errorsPrinted, sleep, until, within } from "../support/wait.ts";

const HERE = { port: 0, hostname: "127.0.0.1" };
const LIMIT = { timeout: 60_000 };

async function using(
  handler: FetchHandler,
  options: ServeOptions,
  use: (server: RunningServer) => Promise<void>,
): Promise<void> {
  const server = await serve(handler, { ...HERE, grace: 0, ...options });
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

/** A response that is under way until `finish` is called. */
function slow() {
  const started = deferred();
  let finish = () => {};
  const handler = () =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("begun, "));
          finish = () => {
            controller.enqueue(new TextEncoder().encode("done"));
            controller.close();
          };
          started.resolve();
        },
      }),
    );
  return { handler, started: started.promise, finish: () => finish() };
}

const refused = (port: number) => assert.rejects(RawClient.open(port));

test("the server says where it is, and answers there", LIMIT, async () => {
  await using(({ url, method }) => new Response(`${method} ${url}`), {}, async (server) => {
    assert.ok(server.port > 0);
    assert.equal(server.url, `http://127.0.0.1:${server.port}/`);
    assert.equal(await (await fetch(`${server.url}path?query`)).text(), `GET ${server.url}path?query`);
  });
  await using(() => new Response("fine"), { hostname: "0.0.0.0" }, async (server) => {
    assert.equal(server.url, `http://localhost:${server.port}/`);
    assert.equal(await (await fetch(server.url)).text(), "fine");
  });
});

test("a port in use is an error to branch on", LIMIT, async () => {
  await using(() => new Response("first"), {}, async ({ port, url }) => {
    await assert.rejects(
      serve(() => new Response("second"), { ...HERE, port }),
      (error) =>
        error instanceof TidingsError && error.code === "address-in-use" && error.cause !== undefined &&
        error.message === `Port ${port} on 127.0.0.1 is in use: stop what uses it, or choose another port`,
    );
    assert.equal(await (await fetch(url)).text(), "first");
  });
});

test("an address that cannot be listened on is an error to branch on, with what to do", LIMIT, async () => {
  for (const hostname of ["192.0.2.1", "no.such.invalid", "not an address"]) {
    await assert.rejects(
      serve(() => new Response(), { port: 0, hostname }),
      (error) =>
        error instanceof TidingsError && error.code === "address-unavailable" && error.cause !== undefined &&
        error.message.startsWith(`${hostname}, port 0, cannot be listened on (`) &&
        /: use an address of this machine, such as [^\n]+$/.test(error.message),
      hostname,
    );
  }
});

test("an IPv6 address may stand in brackets", LIMIT, async () => {
  for (const hostname of ["::1", "[::1]"]) {
    await using(() => new Response("fine"), { hostname }, async ({ url }) => {
      assert.match(url, /^http:\/\/\[::1\]:\d+\/$/);
      assert.equal(await (await fetch(url)).text(), "fine");
    });
  }
});

test("a port in use is an error in production, too", LIMIT, async () => {
  const { code, stdout, stderr } = await runFixture("taken.ts", { env: { NODE_ENV: "production" } });
  assert.equal(stderr, "");
  assert.equal(
    stdout,
    "TidingsError address-in-use: Port PORT on 127.0.0.1 is in use: stop what uses it, or choose another port\n",
  );
  assert.equal(code, 0);
});

test("options of no use are refused by name", LIMIT, async () => {
  const handler = () => new Response();
  const refuses = (options: unknown, message: RegExp) =>
    assert.rejects(serve(handler, options as never), message);
  await assert.rejects(serve(undefined as never), /"handler" must be a fetch handler, .*received undefined/);
  await assert.rejects(
    serve({ fetch: () => new Response(), port: 0 } as never),
    /such as \(request\) => feed\.subscribe\(request\), received \[object Object\]$/,
  );
  await assert.rejects(serve(() => new Response(), 8081 as never), /received 8081: write { port: 8081 }$/);
  for (const port of [-1, 1.5, 65_536, "80"]) await refuses({ port }, /"port" must be/);
  for (const hostname of ["", 5]) await refuses({ port: 0, hostname }, /"hostname" must be an address/);
  for (const grace of [-1, NaN, "1", 2 ** 31]) await refuses({ port: 0, grace }, /"grace" must be/);
  await refuses({ port: 0, signal: {} }, /"signal" must be an AbortSignal/);
  await refuses({ port: 0, clock: 5 }, /"clock" must be/);
  await refuses({ port: 0, host: "127.0.0.1" }, /^TypeError: Unknown option "host" of serve: use hostname$/);
  await refuses({ port: 0, prot: 80 }, /^TypeError: Unknown option "prot" of serve: did you mean "port"\?$/);
  await refuses({ port: 0, onError: 5 }, /"onError" must be a function/);
});

test("a handler that fails is a bare 500, and onError is told", LIMIT, async () => {
  const boom = new Error("a secret");
  const told: unknown[] = [];
  const handler = () => Promise.reject(boom);
  await using(handler, { onError: (error) => void told.push(error) }, async ({ url }) => {
    const response = await fetch(url);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "Internal Server Error");
    assert.deepEqual(told, [boom]);
  });
  const printed = await errorsPrinted(() =>
    using(handler, {}, async ({ url }) => void (await (await fetch(url)).text()))
  );
  assert.equal(printed.length, 1);
  assert.match(printed[0]!, /a secret/);
});

test("a response that its handler has read is a bare 500, and onError is told", LIMIT, async () => {
  const told: unknown[] = [];
  const handler = async () => {
    const response = new Response("a secret");
    await response.text();
    return response;
  };
  await using(handler, { onError: (error) => void told.push(error) }, async ({ url }) => {
    const response = await fetch(url);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "Internal Server Error");
  });
  assert.match(String(told), /^TypeError: The handler must return a Response that nobody has read/);
});

test("close() takes no new requests, and waits for a response under way", LIMIT, async () => {
  const { handler, started, finish } = slow();
  await using(handler, { grace: 30_000 }, async (server) => {
    const client = await RawClient.open(server.port, {});
    await started;
    await client.until("begun");
    let closed = false;
    const closing = server.close().then(() => closed = true);
    assert.equal(server.close(), server.close());
    // Deno still takes a connection, and does not answer it.
    const late = await RawClient.open(server.port, {}).catch(() => undefined);
    await sleep(100);
    assert.equal(closed, false);
    const finishing = performance.now();
    finish();
    await client.until(/done\r\n0\r\n\r\n$/);
    await within(closing, "the server is closed");
    // Not the seconds that Node would wait for a connection that is kept alive.
    assert.ok(performance.now() - finishing < 2_000);
    await within(server.closed, "closed resolves");
    await late?.untilClosed();
    assert.equal(late?.text ?? "", "");
    await refused(server.port);
  });
});

test("close() cuts what is still under way after grace, and not before", LIMIT, async () => {
  const { handler, started } = slow();
  const clock = turnedClock();
  await using(handler, { grace: 200, clock }, async (server) => {
    const client = await RawClient.open(server.port, {});
    await started;
    await client.until("begun");
    let closed = false;
    const closing = server.close().then(() => closed = true);
    clock.pass(199);
    await sleep(50);
    assert.equal(closed, false);
    clock.pass(1);
    await within(closing, "the server is closed");
    await client.untilClosed();
    assert.doesNotMatch(client.text, /\r\n0\r\n\r\n$/);
    assert.equal(clock.pending(), 0);
  });
});

test("close() with an endless grace waits, and leaves no timer behind", LIMIT, async () => {
  const { handler, started, finish } = slow();
  const clock = turnedClock();
  await using(handler, { grace: Infinity, clock }, async (server) => {
    const client = await RawClient.open(server.port, { headers: { connection: "close" } });
    await started;
    const closing = server.close();
    clock.pass(3_600_000);
    await client.until("begun");
    finish();
    await client.until(/done\r\n0\r\n\r\n$/);
    await within(closing, "the server is closed");
    assert.equal(clock.pending(), 0);
  });
});

test("close() does not wait for a connection that is idle", LIMIT, async () => {
  await using(() => new Response("fine"), { grace: 30_000 }, async (server) => {
    const client = await RawClient.open(server.port, {});
    await client.until("fine");
    const closing = performance.now();
    await within(server.close(), "the server is closed");
    assert.ok(performance.now() - closing < 2_000);
  });
});

test("the option signal closes the server", LIMIT, async () => {
  const stop = new AbortController();
  await using(() => new Response("fine"), { signal: stop.signal }, async (server) => {
    assert.equal(await (await fetch(server.url, { headers: { connection: "close" } })).text(), "fine");
    let closed = false;
    void server.closed.then(() => closed = true);
    await sleep(50);
    assert.equal(closed, false);
    stop.abort();
    await within(server.closed, "closed resolves");
    await refused(server.port);
  });
  const { port, closed } = await serve(() => new Response(), { ...HERE, signal: AbortSignal.abort() });
  await within(closed, "closed resolves");
  await refused(port);
});

test("a regular end is no abort, and nothing is printed", LIMIT, async () => {
  const { code, stdout, stderr } = await runFixture("signals.ts");
  assert.equal(stderr, "");
  assert.equal(stdout, "0 signals were aborted\n");
  assert.equal(code, 0);
});

test("nor is it without this project's settings, though Deno then prints a warning of its own, once", {
  ...LIMIT,
  skip: runtime !== "deno" && "only Deno has that setting",
}, async () => {
  const { code, stdout, stderr } = await runFixture("signals.ts", { flags: ["--no-config"] });
  assert.match(stderr, /^Deno\.serve: request\.signal aborts on successful responses[^\n]*\n$/);
  assert.equal(stdout, "0 signals were aborted\n");
  assert.equal(code, 0);
});

test("request.signal is aborted when the client leaves", LIMIT, async () => {
  const aborted = new Set<string>();
  const cancelled = deferred();
  await using(
    (request) => {
      const path = new URL(request.url).pathname;
      request.signal.addEventListener("abort", () => aborted.add(path));
      if (path === "/waits") return new Promise<Response>(() => {});
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("here")),
          cancel: () => cancelled.resolve(),
        }),
      );
    },
    {},
    async ({ port }) => {
      const stream = await RawClient.open(port, { path: "/stream" });
      await stream.until("here");
      const waits = await RawClient.open(port, { path: "/waits" });
      await sleep(50);
      assert.equal(aborted.size, 0);
      waits.reset();
      await until(() => aborted.has("/waits"), "the waiting request's signal is aborted");
      stream.end();
      await within(cancelled.promise, "the body is cancelled");
      // Deno does not tell this end from a regular one.
      if (runtime !== "deno") await until(() => aborted.has("/stream"), "the stream's signal is aborted");
    },
  );
});

test("1,000 event streams are drained and the server closed within 5 s", { timeout: 120_000 }, async () => {
  const broadcaster = new Broadcaster();
  await using((request) => broadcaster.subscribe(request), { grace: 30_000 }, async (server) => {
    const clients: RawClient[] = [];
    while (clients.length < 1_000) {
      clients.push(
        ...await Promise.all(Array.from({ length: 50 }, async () => {
          const client = await RawClient.open(server.port, {});
          await client.until("tidings-cursor");
          return client;
        })),
      );
    }
    assert.equal(broadcaster.size, 1_000);
    broadcaster.publish("goodbye");
    const closing = performance.now();
    await broadcaster.close({ retry: 100 });
    await within(server.close(), "the server is closed", 30_000);
    const took = performance.now() - closing;
    assert.ok(took < 5_000, `took ${Math.round(took)} ms`);
    assert.equal(broadcaster.size, 0);
    await Promise.all(
      clients.map((client) => client.until(/data: goodbye\n\n[^]*retry: 1\d\d\n\n\r\n0\r\n\r\n$/)),
    );
    await refused(server.port);
  });
});
