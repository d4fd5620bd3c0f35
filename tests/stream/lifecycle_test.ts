// Tests one client's life, over a real socket, on every server of the running runtime.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createParser } from "eventsource-parser";
import {
  Broadcaster,
  type CloseInfo,
  type Connection,
  createSSEResponse,
  encodeEvent,
  type EventInput,
  type ServerSentEvent,
  type SetupResult,
} from "../../mod.ts";
import { RawClient } from "../support/client.ts";
import { countingClock } from "../support/counting_clock.ts";
import { FINAL } from "../support/final.ts";
import { Random } from "../support/random.ts";
import { randomEvent, refusable, seenByReader } from "../support/random_events.ts";
import { memoryInUse } from "../support/runtime.ts";
import { type ServerKind, servers, withServer } from "../support/servers.ts";
import { type Deferred, deferred, errorsPrinted, settled, sleep, until, within } from "../support/wait.ts";

// Every fact about one client's life, over a real socket, on every server of the running runtime.

const EVENT = "x".repeat(65_000);
// The kernel takes some MB before it says that a client does not read.
const MOST_AHEAD = 8 << 20;

/** The clock of all streams here: no timer may be left on it. */
const clock = countingClock();
const respond: typeof createSSEResponse = (request, source, options) =>
  createSSEResponse(request, source, { clock, ...options });

/** A test on each server, after which no timer may be left. */
function each(
  name: string,
  run: (kind: ServerKind) => Promise<void>,
  options: { timeout?: number } = {},
): void {
  for (const kind of servers) {
    test(`${kind.name}: ${name}`, { timeout: 60_000, ...options }, async () => {
      await run(kind);
      await until(() => clock.pending() === 0, "no timer is left");
    });
  }
}

/** What `onClose` is told, and how often. */
function closing(): Deferred<CloseInfo> & { count: number; onClose: (info: CloseInfo) => void } {
  const told = deferred<CloseInfo>();
  const closing = {
    ...told,
    count: 0,
    onClose(info: CloseInfo) {
      closing.count++;
      told.resolve(info);
    },
  };
  return closing;
}

const isAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener("abort", () => resolve())
  );

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

after(() => assert.equal(clock.pending(), 0));

// --- Leaving -------------------------------------------------------------------------------------------------------

const LEAVING: [string, (client: RawClient) => void][] = [
  ["closes its socket (FIN)", (client) => client.end()],
  ["is killed (RST)", (client) => client.reset()],
];

for (const [how, leave] of LEAVING) {
  each(`a client that ${how} is noticed with nothing written, by a generator`, async (kind) => {
    let told = closing();
    let ended = deferred();
    let signal!: AbortSignal;
    const handler = (request: Request) =>
      respond(request, async function* (connection) {
        signal = connection.signal;
        try {
          yield "here";
          await isAborted(connection.signal);
        } finally {
          ended.resolve();
        }
      }, { onClose: told.onClose });
    await withServer(kind, handler, async (port) => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        told = closing();
        ended = deferred();
        const client = await RawClient.open(port);
        client.request();
        await client.until("data: here\n\n");
        const left = performance.now();
        leave(client);
        assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "client" });
        times.push(performance.now() - left);
        assert.equal(signal.aborted, true);
        await within(ended.promise, "the generator's finally block runs");
        assert.equal(told.count, 1);
      }
      assert.ok(median(times) < 250, `took ${times.map(Math.round)} ms`);
    });
  });

  each(`a client that ${how} is noticed with nothing written, by a callback`, async (kind) => {
    let told = closing();
    let cleanups = 0;
    let connection!: Connection;
    const handler = (request: Request) =>
      respond(request, (given) => {
        connection = given;
        return () => void cleanups++;
      }, { onClose: told.onClose });
    await withServer(kind, handler, async (port) => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        told = closing();
        cleanups = 0;
        const client = await RawClient.open(port, {});
        await client.until(":\n\n");
        assert.equal(connection.open, true);
        const { signal } = connection;
        const left = performance.now();
        leave(client);
        assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "client" });
        times.push(performance.now() - left);
        assert.equal(cleanups, 1);
        assert.equal(connection.open, false);
        assert.equal(signal.aborted, true);
        assert.equal(connection.send("too late"), false);
        assert.equal(connection.comment("too late"), false);
        assert.equal(await connection.ready(), false);
        assert.equal(connection.buffered, 0);
        connection.close();
        // Whatever else the runtime notices of the same end comes too late.
        await sleep(20);
        assert.equal(told.count, 1);
        assert.equal(cleanups, 1);
      }
      assert.ok(median(times) < 250, `took ${times.map(Math.round)} ms`);
    });
  });

  each(`a client that ${how} is noticed with nothing written, by a Broadcaster`, async (kind) => {
    const broadcaster = new Broadcaster({ clock });
    let told = closing();
    const handler = (request: Request) => broadcaster.subscribe(request, { onClose: told.onClose });
    await withServer(kind, handler, async (port) => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        told = closing();
        const client = await RawClient.open(port, {});
        await client.until("event: tidings-cursor");
        assert.equal(broadcaster.size, 1);
        const left = performance.now();
        leave(client);
        assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "client" });
        times.push(performance.now() - left);
        assert.equal(broadcaster.size, 0);
        assert.equal(told.count, 1);
      }
      assert.ok(median(times) < 250, `took ${times.map(Math.round)} ms`);
    });
  });

  each(`a client that ${how} while its handler still waits leaves nothing behind`, async (kind) => {
    const broadcaster = new Broadcaster({ clock });
    let waiting: Deferred<void>[] = [];
    let opened = 0;
    let cleanups = 0;
    const handler = async (request: Request) => {
      const gate = deferred();
      waiting.push(gate);
      await gate.promise;
      if (request.url.endsWith("/broadcaster")) return broadcaster.subscribe(request);
      return respond(request, () => {
        opened++;
        return () => void cleanups++;
      });
    };
    await withServer(kind, handler, async (port) => {
      // The runtime may have been told of it when the handler goes on, or it may not yet.
      for (const pause of [0, 100]) {
        for (const path of ["/source", "/broadcaster"]) {
          const client = await RawClient.open(port, { path });
          await until(() => waiting.length === 1, "the handler runs");
          leave(client);
          await sleep(pause);
          for (const gate of waiting) gate.resolve();
          waiting = [];
          // Another client is answered after this one, so that there was something to leave behind.
          const other = await RawClient.open(port, { path });
          await until(() => waiting.length === 1, "the handler runs");
          waiting.pop()!.resolve();
          await other.until(":\n");
          other.end();
          await until(() => broadcaster.size === 0, "nobody is subscribed");
          await until(() => cleanups === opened, "every source was cleaned up");
          await until(() => clock.pending() === 0, "no timer is left");
        }
      }
    });
  });
}

each("a generator that waits at a yield runs its finally block when its client leaves", async (kind) => {
  const ended = deferred();
  let pulls = 0;
  const handler = (request: Request) =>
    respond(request, function* () {
      try {
        for (;;) {
          pulls++;
          yield EVENT;
        }
      } finally {
        ended.resolve();
      }
    });
  await withServer(kind, handler, async (port) => {
    const client = await RawClient.open(port, { reading: false });
    await until(() => pulls > 0, "the source is asked");
    await settled(() => pulls);
    client.reset();
    await within(ended.promise, "the generator's finally block runs");
  });
});

each("a ReadableStream as source is cancelled when its client leaves", async (kind) => {
  const cancelled = deferred();
  const handler = (request: Request) =>
    respond(
      request,
      new ReadableStream<EventInput>({
        start: (controller) => controller.enqueue({ data: { from: "a stream" } }),
        cancel: () => cancelled.resolve(),
      }),
    );
  await withServer(kind, handler, async (port) => {
    const client = await RawClient.open(port, {});
    await client.until('data: {"from":"a stream"}\n\n');
    client.end();
    await within(cancelled.promise, "the stream is cancelled");
  });
});

test("a request that was aborted before calls no source and subscribes nobody", async () => {
  const aborted = (method: string) => {
    const request = new Request("http://localhost/", { method, signal: AbortSignal.abort() });
    assert.equal(request.signal.aborted, true);
    return request;
  };
  const broadcaster = new Broadcaster({ clock });
  let calls = 0;
  const refuse = () => void calls++;
  for (const method of ["GET", "POST"]) {
    for (
      const response of [
        respond(aborted(method), refuse, {
          onClose: refuse,
        }),
        broadcaster.subscribe(aborted(method), { onClose: refuse }),
      ]
    ) {
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      assert.equal(await response.text(), "");
    }
  }
  assert.equal(calls, 0);
  assert.equal(broadcaster.size, 0);
  assert.equal(clock.pending(), 0);
});

// --- Beginning -----------------------------------------------------------------------------------------------------

each("HEAD gets the headers, and a response that is complete", async (kind) => {
  const broadcaster = new Broadcaster({ clock });
  // Counted, since what a source or onClose throws is not for the test to see.
  let calls = 0;
  const refuse = () => void calls++;
  await withServer(kind, (request) => {
    if (request.url.endsWith("/plain")) return new Response("plain text");
    if (request.url.endsWith("/broadcaster")) return broadcaster.subscribe(request, { onClose: refuse });
    return respond(request, refuse, { onClose: refuse });
  }, async (port) => {
    for (const path of ["/source", "/broadcaster"]) {
      const client = await RawClient.open(port, { method: "HEAD", path });
      const head = await client.until("\r\n\r\n");
      assert.match(head, /^HTTP\/1\.1 200 /);
      assert.match(head, /\r\ncontent-type: text\/event-stream\r\n/i);
      assert.equal(broadcaster.size, 0);
      // The same connection serves on: nothing of a body was sent, and nothing is waited for.
      client.request({ path: "/plain" });
      await client.until("plain text");
      assert.match(client.body, /^HTTP\/1\.1 200 /);
      client.end();
      assert.equal(calls, 0);
    }
  });
});

each("the first bytes and the documented headers arrive at once, with no event sent", async (kind) => {
  const broadcaster = new Broadcaster({ clock });
  await withServer(
    kind,
    (request) =>
      request.url.endsWith("/broadcaster")
        ? broadcaster.subscribe(request, { retry: 1234 })
        : respond(request, () => {}, { retry: 1234, headers: { "x-own": "1" } }),
    async (port) => {
      for (const path of ["/source", "/broadcaster"]) {
        const times: number[] = [];
        for (let i = 0; i < 5; i++) {
          const client = await RawClient.open(port);
          const asked = performance.now();
          client.request({ path });
          await client.until(":\nretry: 1234\n\n");
          times.push(performance.now() - asked);
          const head = client.text.slice(0, client.text.indexOf("\r\n\r\n")).toLowerCase().split("\r\n");
          assert.equal(head[0], "http/1.1 200 ok");
          assert.ok(head.includes("content-type: text/event-stream"));
          assert.ok(head.includes("cache-control: no-cache, no-transform"));
          assert.ok(head.includes("x-accel-buffering: no"));
          assert.equal(head.includes("x-own: 1"), path === "/source");
          client.end();
        }
        assert.ok(median(times) < 100, `took ${times.map(Math.round)} ms`);
      }
      await until(() => broadcaster.size === 0, "nobody is subscribed");
    },
  );
});

each("a Last-Event-ID that is not ASCII arrives as text", async (kind) => {
  const id = "é, 漢字 and 😀";
  const handler = (request: Request) => respond(request, ({ lastEventId }) => [{ data: { lastEventId } }]);
  await withServer(kind, handler, async (port) => {
    for (const [sent, read] of [[id, id], ["plain-1", "plain-1"], ["", undefined]]) {
      const client = await RawClient.open(port, { headers: { "last-event-id": sent! } });
      await client.until(`data: ${JSON.stringify({ lastEventId: read })}\n\n`);
      client.end();
    }
  });
});

// --- Ending --------------------------------------------------------------------------------------------------------

each('a source that ends gives a complete response, with the reason "end"', async (kind) => {
  let told = closing();
  const handler = (request: Request) => respond(request, ["one", "two"], { onClose: told.onClose });
  await withServer(kind, handler, async (port) => {
    const url = `http://127.0.0.1:${port}/`;
    assert.equal(await (await fetch(url)).text(), `:\n\ndata: one\n\ndata: two\n\n${FINAL}`);
    assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "end" });

    told = closing();
    const client = await RawClient.open(port, {});
    // Bun says how long it is, since all of it is there at once.
    await client.until(/\r\n0\r\n\r\n$|content-length: \d+\r\n[^]*data: \n\n$/i);
    assert.match(client.body, /data: one\n\n[^]*data: two\n\n/);
    assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "end" });
    client.end();
    // Neither the end of the request nor that of the connection is told as another end.
    await client.untilClosed();
    await sleep(20);
    assert.equal(told.count, 1);
  });
});

each("connection.close() and the option signal end the response completely", async (kind) => {
  let told = closing();
  let connection!: Connection;
  let stop = new AbortController();
  const handler = (request: Request) =>
    respond(request, (given) => {
      connection = given;
      connection.send("one");
    }, { onClose: told.onClose, signal: stop.signal });
  await withServer(kind, handler, async (port) => {
    for (const reason of ["end", "aborted"] as const) {
      told = closing();
      stop = new AbortController();
      const client = await RawClient.open(port, {});
      await client.until("data: one\n\n");
      assert.equal(connection.send("two"), true);
      if (reason === "end") connection.close();
      else stop.abort();
      assert.deepEqual(await within(told.promise, "onClose is called"), { reason });
      assert.equal(connection.send("three"), false);
      await client.until("\r\n0\r\n\r\n");
      assert.match(client.body, /data: two\n\n/);
      assert.doesNotMatch(client.body, /three/);
      assert.equal(told.count, 1);
      client.end();
    }
  });
});

const SECRET = "the password is hunter2";

/** Sources that send something and then fail, each in its own way. */
const FAILING: Record<string, (connection: Connection) => SetupResult | Promise<SetupResult>> = {
  "a generator that throws": failing,
  "a callback that throws"(connection) {
    connection.send("before");
    throw new Error(SECRET);
  },
  async "a callback that rejects"(connection) {
    connection.send("before");
    await sleep(10);
    throw new Error(SECRET);
  },
  "an iterable of what is no event": () => ["before", { event: `${SECRET}\n` }],
};

async function* failing(): AsyncGenerator<EventInput> {
  yield "before";
  throw new Error(SECRET);
}

for (const [name, source] of Object.entries(FAILING)) {
  each(
    `${name}: what was sent arrives, then the client sees a failure, and never the error`,
    async (kind) => {
      let told = closing();
      const handler = (request: Request) => respond(request, source, { onClose: told.onClose });
      await withServer(kind, handler, async (port) => {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
        let read = "";
        await assert.rejects(
          within(
            (async () => {
              for (;;) {
                const { done, value } = await reader.read();
                if (done) return;
                read += value;
              }
            })(),
            "the response fails",
          ),
          (error: Error) => !error.message.startsWith("In "),
        );
        // A reader that is late finds the failure alone; that all was sent the raw client shows, below.
        assert.ok(":\n\ndata: before\n\n".startsWith(read), read);
        const { reason, error } = await within(told.promise, "onClose is called");
        assert.equal(reason, "error");
        assert.match(String(error), /hunter2/);

        told = closing();
        const client = await RawClient.open(port, {});
        await client.untilClosed();
        assert.match(client.body, /data: before\n\n/);
        assert.doesNotMatch(client.body, /\r\n0\r\n\r\n/);
        assert.doesNotMatch(client.text, /hunter2/);
        assert.equal((await told.promise).reason, "error");
        assert.equal(told.count, 1);
      });
    },
  );
}

each("a source that throws is printed where there is no onClose", async (kind) => {
  const printed = await errorsPrinted(() =>
    withServer(kind, (request) => respond(request, failing), async (port) => {
      const client = await RawClient.open(port, {});
      await client.untilClosed();
      assert.doesNotMatch(client.text, /hunter2/);
    })
  );
  assert.equal(printed.filter((line) => line.includes(SECRET)).length, 1, printed.join("\n"));
});

// --- At the client's pace ------------------------------------------------------------------------------------------

each("an iterable is not read ahead of a client that does not read", async (kind) => {
  let pulls = 0;
  let ended = 0;
  const handler = (request: Request) =>
    respond(request, async function* () {
      try {
        for (;;) {
          pulls++;
          yield EVENT;
          if (pulls % 16 === 0) await sleep(0);
        }
      } finally {
        ended++;
      }
    });
  await withServer(kind, handler, async (port) => {
    const client = await RawClient.open(port, { reading: false });
    await until(() => pulls > 0, "the source is asked");
    const stopped = await settled(() => pulls);
    assert.ok(stopped * EVENT.length < MOST_AHEAD, `${stopped} events of 65 kB were taken`);
    client.read();
    await until(() => pulls > stopped + 100, "the source is asked again");
    assert.equal(ended, 0);
    client.reset();
    await until(() => ended === 1, "the source is asked to return");
  });
});

each("a callback that waits for ready() keeps to the client's pace", async (kind) => {
  let sent = 0;
  const ended = deferred<string>();
  const handler = (request: Request) =>
    respond(request, async (connection) => {
      while (await connection.ready()) {
        assert.equal(connection.send(EVENT), true);
        sent++;
      }
      ended.resolve(`open: ${connection.open}`);
    });
  await withServer(kind, handler, async (port) => {
    const client = await RawClient.open(port, { reading: false });
    await until(() => sent > 0, "something is sent");
    const stopped = await settled(() => sent);
    assert.ok(stopped * EVENT.length < MOST_AHEAD, `${stopped} events of 65 kB were sent`);
    client.read();
    await until(() => sent > stopped + 100, "more is sent");
    client.reset();
    assert.equal(await within(ended.promise, "ready() says that the client left"), "open: false");
  });
});

each('a callback that does not wait is ended past maxBuffer, with the reason "overflow"', async (kind) => {
  const told = closing();
  let sent = 0;
  let refused = 0;
  let most = 0;
  let cleanups = 0;
  const handler = (request: Request) =>
    respond(request, (connection) => {
      const timer = setInterval(() => {
        if (connection.send(EVENT)) sent++;
        else refused++;
        most = Math.max(most, connection.buffered);
      }, 1);
      return () => {
        cleanups++;
        clearInterval(timer);
      };
    }, { maxBuffer: 1_000_000, onClose: told.onClose });
  await withServer(kind, handler, async (port) => {
    const client = await RawClient.open(port, { reading: false });
    assert.deepEqual(await within(told.promise, "onClose is called"), { reason: "overflow" });
    assert.ok(most > 900_000 && most <= 1_000_000, `${most} bytes waited`);
    assert.ok(sent * EVENT.length < MOST_AHEAD, `${sent} events of 65 kB were sent`);
    assert.equal(refused, 1);
    assert.equal(cleanups, 1);
    // When it does read, it sees that this was not the end.
    client.read();
    await client.untilClosed();
    assert.doesNotMatch(client.text.slice(-100), /\r\n0\r\n\r\n/);
    assert.equal(told.count, 1);
  });
});

// --- Keepalive -----------------------------------------------------------------------------------------------------

each("keepalive comments come at the interval asked for, from one timer for all", async (kind) => {
  const INTERVAL = 50;
  const broadcaster = new Broadcaster({ clock });
  await withServer(
    kind,
    (request) =>
      request.url.endsWith("/broadcaster")
        ? broadcaster.subscribe(request, { keepalive: INTERVAL })
        : respond(request, () => {}, {
          keepalive: request.url.endsWith("/none") ? false : INTERVAL,
        }),
    async (port) => {
      const timers = clock.pending();
      const clients: RawClient[] = [];
      for (const path of ["/source", "/source", "/source", "/none"]) {
        const client = await RawClient.open(port, { path });
        await client.until(":\n\n");
        clients.push(client);
      }
      assert.equal(clock.pending() - timers, 1);
      const subscriber = await RawClient.open(port, { path: "/broadcaster" });
      await subscriber.until("tidings-cursor");
      // The same clock again, and the Broadcaster's own, which looks for clients that stall.
      assert.equal(clock.pending() - timers, 2);

      const beats = (client: RawClient) => client.text.split(/^:\n/m).length - 2;
      const [first] = clients;
      const gaps: number[] = [];
      let seen = beats(first!);
      let last = performance.now();
      while (gaps.length < 10) {
        await until(() => beats(first!) > seen, "a comment arrives");
        seen = beats(first!);
        gaps.push(performance.now() - last);
        last = performance.now();
      }
      assert.ok(
        median(gaps) > INTERVAL * 0.7 && median(gaps) < INTERVAL * 2,
        `came after ${gaps.map(Math.round)}`,
      );
      for (const client of [clients[1]!, clients[2]!, subscriber]) assert.ok(beats(client) >= 5, client.text);
      assert.equal(beats(clients[3]!), 0);
      for (const client of [...clients, subscriber]) client.end();
      await until(() => clock.pending() === timers, "the timers are gone");
      assert.equal(broadcaster.size, 0);
    },
  );
});

// --- Many ----------------------------------------------------------------------------------------------------------

each("1,000 clients come and leave, and nothing is left of them", async (kind) => {
  const CLIENTS = 1_000;
  const ROUNDS = 3;
  const broadcaster = new Broadcaster({ clock });
  let open = 0;
  let ended = 0;
  const handler = (request: Request) => {
    const onClose = () => void ended++;
    open++;
    if (request.url.endsWith("/broadcaster")) return broadcaster.subscribe(request, { onClose });
    if (request.url.endsWith("/callback")) return respond(request, () => () => {}, { onClose });
    return respond(request, async function* ({ signal }) {
      yield "here";
      await isAborted(signal);
    }, { onClose });
  };
  const paths = ["/broadcaster", "/callback", "/generator"];
  await withServer(kind, handler, async (port) => {
    const round = async (count: number) => {
      open = ended = 0;
      const clients: RawClient[] = [];
      while (clients.length < count) {
        const some = Array.from({ length: 50 }, async (_, i) => {
          const client = await RawClient.open(port, { path: paths[(clients.length + i) % paths.length]! });
          await client.until(":\n\n");
          return client;
        });
        clients.push(...await Promise.all(some));
      }
      assert.equal(open, count);
      assert.equal(ended, 0);
      assert.ok(broadcaster.size > count / 4);
      broadcaster.publish("to all");
      clients.forEach((client, i) => i % 2 === 0 ? client.end() : client.reset());
      await until(() => ended === count, "all have left", 30_000);
      assert.equal(broadcaster.size, 0);
      assert.equal(clock.pending(), 0);
    };
    await round(CLIENTS); // warms up
    const before = await memoryInUse();
    for (let i = 0; i < ROUNDS; i++) await round(CLIENTS);
    const grown = (await memoryInUse() - before) / (ROUNDS * CLIENTS);
    if (process.env["SHOW_MEMORY"]) console.log(`${kind.name}: ${Math.round(grown)} bytes a client`);
    assert.ok(grown < 3_000, `${Math.round(grown)} bytes a client were kept`);
  });
}, { timeout: 120_000 });

each(
  "a generator may send and wait in between, and yields at the client's pace all the same",
  async (kind) => {
    const handler = (request: Request) =>
      respond(request, async function* (connection) {
        for (let i = 0; i < 20; i++) {
          connection.send({ data: `sent ${i}` });
          assert.equal(await connection.ready(), true);
          yield { data: `yielded ${i}` };
        }
      });
    await withServer(kind, handler, async (port) => {
      const text = await within(
        fetch(`http://127.0.0.1:${port}/`).then((response) => response.text()),
        "all came",
      );
      const seen = [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data);
      assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => [`sent ${i}`, `yielded ${i}`]).flat());
    });
  },
);

test("a source that cannot be read ends the stream as one that throws does, now or later", async () => {
  const locked = () => {
    const stream = new ReadableStream<EventInput>();
    stream.getReader();
    return stream;
  };
  for (
    const source of [locked(), () => locked(), () => Promise.resolve(locked()), () => Promise.resolve(5)]
  ) {
    const told = closing();
    const response = respond(new Request("http://localhost/"), source as () => void, {
      onClose: told.onClose,
    });
    response.text().catch(() => {});
    const { reason, error } = await within(told.promise, "onClose is called");
    assert.equal(reason, "error");
    assert.ok(error instanceof TypeError, String(error));
    await until(() => clock.pending() === 0, "no timer is left");
  }
});

each("100,000 random events come back equal through the runtime's own fetch", async (kind) => {
  const seed = Date.now() % 1e9;
  const random = new Random(seed);
  const pick = (below: number) => random.below(below);
  const sent: ServerSentEvent[] = [];
  while (sent.length < 100_000) {
    const event = randomEvent(pick);
    if (!refusable(event) && Number.isInteger(event.retry ?? 0)) sent.push(event);
  }
  await withServer(kind, (request) => respond(request, sent, { final: false }), async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const read: unknown[] = [];
    const parser = createParser({
      onEvent: ({ data, event, id }) => read.push({ data, event: event || undefined, id }),
      onError: (error) => assert.fail(`seed ${seed}: ${error.message}`),
    });
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const reader = response.body!.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      parser.feed(decoder.decode(value, { stream: true }));
    }
    const expected = seenByReader(sent);
    assert.equal(read.length, expected.length, `seed ${seed}`);
    for (let i = 0; i < expected.length; i++) {
      assert.deepEqual(read[i], expected[i], `seed ${seed}, read ${i}`);
    }
  });
});

test("an event of the tests is as large as they say", () => {
  assert.ok(Math.abs(encodeEvent(EVENT).length - 65_536) < 1_000);
});
