// Tests compression: what is packed, for whom, and that every chunk can be unpacked as it comes.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, inflateRawSync } from "node:zlib";
import { connect as connectClient } from "../../lib/client/mod.ts";
import { addUp, Appending, crc32 } from "../../lib/compression/crc32.ts";
import { gzip } from "../../lib/compression/mod.ts";
import { searchAfter } from "../../lib/compression/refer.ts";
import { Broadcaster, createSSEResponse } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { accompany } from "../support/companion.ts";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { Random } from "../support/random.ts";
import { servers, withServer } from "../support/servers.ts";
import { sleep, until, within } from "../support/wait.ts";

const JSON_EVENT = { event: "price", data: { symbol: "ACME", amount: 12.3, text: "á long time".repeat(20) } };

test("sums of parts are the sum of the whole", () => {
  const random = new Random(7);
  for (let i = 0; i < 200; i++) {
    let sum = 0;
    const parts = Array.from(
      { length: random.below(6) },
      () => Uint8Array.from({ length: random.below(70) ** 2 }, () => random.below(256)),
    );
    for (const part of parts) sum = new Appending(part.byteLength).combine(sum, crc32(part));
    const whole = Buffer.concat(parts);
    assert.equal(sum, crc32(whole));
    assert.equal(sum, addUp(whole));
  }
  // Used often it goes by a table, and says the same.
  const part = Uint8Array.from({ length: 300 }, () => random.below(256));
  const appending = new Appending(part.byteLength);
  for (let i = 0, whole = Uint8Array.of(), sum = 0; i < 120; i++) {
    whole = Buffer.concat([whole, part]);
    sum = appending.combine(sum, crc32(part));
    assert.equal(sum, crc32(whole), `after ${i + 1} parts`);
  }
  assert.equal(addUp(new TextEncoder().encode("123456789")), 0xcbf43926); // RFC 1952's own has no example: this is everybody's
});

test("a chunk is packed once, and the same bytes go to every client that takes them", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const packed = [1, 2].map(() => new MemoryClient(feed.subscribe(request({ packed: true }))));
  const plain = new MemoryClient(feed.subscribe(request()));
  for (const client of [...packed, plain]) await client.settle();
  for (let i = 0; i < 20; i++) feed.publish(JSON_EVENT);
  for (const client of [...packed, plain]) await client.settle();
  assert.equal(packed[0]!.chunks[1], packed[1]!.chunks[1]);
  assert.ok(packed[0]!.chunks[1]!.byteLength * 5 < plain.chunks[1]!.byteLength);
  assert.deepEqual(packed[0]!.events, plain.events);
  await feed.close();
  for (const client of [...packed, plain]) {
    await client.settle();
    assert.equal(client.ended, "end");
  }
  // What came in pieces is one whole.
  const whole = gunzipSync(Buffer.concat(packed[0]!.chunks));
  assert.deepEqual(whole, gunzipSync(Buffer.concat(packed[1]!.chunks)));
});

test("a packed chunk keeps no memory but its own bytes, since the log may keep thousands of them", () => {
  const stream = gzip().begin();
  const random = new Random(3);
  const texts = ["small", "a trade that repeats itself, ".repeat(4), "longer text ".repeat(3_000)];
  const noise = Uint8Array.from({ length: 20_000 }, () => random.below(256));
  for (const chunk of [...texts.map((text) => new TextEncoder().encode(text)), noise]) {
    const packed = stream.encode(chunk);
    assert.equal(packed.buffer.byteLength, packed.byteLength, `of ${chunk.byteLength} bytes`);
  }
});

test("clients that come back together to one place are given the same bytes", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const from = await feed.publish("0");
  for (let i = 0; i < 50; i++) feed.publish(JSON_EVENT);
  const clients = [1, 2, 3].map(() =>
    new MemoryClient(feed.subscribe(request({ lastEventId: from, packed: true })))
  );
  for (const client of clients) await client.settle();
  for (const client of clients) {
    assert.equal(client.events.length, 50);
    assert.equal(client.chunks[1], clients[0]!.chunks[1]);
  }
  await feed.close();
});

test("what the last chunk said is not said again to those who have it, and to others it is", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const join = () => new MemoryClient(feed.subscribe(request({ packed: true })));
  const clients = [join(), join()];
  const turn = async (n: number) => {
    feed.publish({ event: "price", data: { symbol: "ACME", amount: n, venue: "XNAS", currency: "USD" } });
    for (const client of clients) await client.settle();
    return clients.map(({ chunks }) => chunks.at(-1)!);
  };
  const [alone] = await turn(1.25);
  const [second, sameSecond] = await turn(2.5);
  assert.equal(second, sameSecond);
  assert.ok(second!.byteLength * 2 < alone!.byteLength, `${second!.byteLength} of ${alone!.byteLength}`);
  clients.push(join());
  for (const client of clients) await client.settle();
  const [third, , newcomers] = await turn(3.75);
  assert.ok(third!.byteLength * 2 < newcomers!.byteLength);
  // From then on it is told hardly more than the others: its chunks have less to which they may refer.
  const [, , theirs] = await turn(4.125);
  assert.ok(theirs!.byteLength * 2 < newcomers!.byteLength);
  await feed.close();
  for (const client of clients) {
    await client.settle();
    assert.equal(client.ended, "end");
  }
  assert.deepEqual(clients[2]!.data, clients[0]!.data.slice(2));
});

test("the clients of each of many topics are not sent again what the topic's last chunk said", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const topics = Array.from({ length: 100 }, (_, i) => `topic ${i}`);
  const clients = topics.flatMap((topic) =>
    [1, 2].map(() => new MemoryClient(feed.subscribe(request({ packed: true }), { topics: [topic] })))
  );
  const sizes: number[] = [];
  for (let turn = 0; turn < 2; turn++) {
    for (const client of clients) await client.settle();
    for (const topic of topics) {
      feed.publish({
        topic,
        event: "price",
        data: { symbol: "ACME", amount: turn, venue: "XNAS", currency: "USD" },
      });
    }
    for (const client of clients) await client.settle();
    sizes.push(clients[0]!.chunks.at(-1)!.byteLength);
  }
  assert.ok(sizes[1]! * 2 < sizes[0]!, `${sizes}`);
  for (const { data } of clients) assert.equal(data.length, 2);
  await feed.close();
});

test("small events take a third of their bytes at most, and soon so for whoever came in between", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const join = () => new MemoryClient(feed.subscribe(request({ packed: true })));
  const clients = [join(), join()];
  const random = new Random(5);
  const trade = (seq: number) => ({
    seq,
    symbol: random.pick(["ACME", "GLOBEX", "INITECH", "STARK", "WAYNE", "UMBRELLA"]),
    price: (10_000 + random.below(90_000)) / 100,
    size: 1 + random.below(5_000),
    side: random.pick(["buy", "sell"]),
    venue: random.pick(["XNAS", "XNYS", "BATS", "IEX"]),
    time: new Date(1_750_000_000_000 + seq * 37).toISOString(),
    tradeId: random.below(2 ** 31).toString(36),
  });
  const sizes = { plain: 0, packed: 0 };
  for (let seq = 0; seq < 120; seq++) {
    if (seq === 50) clients.push(join());
    for (const client of clients) await client.settle();
    const data = trade(seq);
    feed.publish({ data });
    for (const client of clients) await client.settle();
    const [first, second, late] = clients.map(({ chunks }) => chunks.at(-1)!);
    assert.equal(first, second);
    if (seq < 90) continue;
    assert.equal(late, first, "it has all to which the others' chunks refer");
    sizes.plain += JSON.stringify(data).length;
    sizes.packed += first!.byteLength;
  }
  assert.ok(sizes.packed * 3 < sizes.plain, JSON.stringify(sizes));
  await feed.close();
  for (const client of clients) {
    await client.settle();
    assert.equal(client.ended, "end");
  }
  assert.deepEqual(clients[2]!.data, clients[0]!.data.slice(50));
});

test("what refers without zlib is read by zlib, whatever the texts", () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = new Random(seed);
    const letters = random.pick([1, 2, 20, 256]);
    const make = (length: number) => Uint8Array.from({ length }, () => random.below(letters));
    const reference = make(random.pick([0, 1, 2, 3, 200, 4_096]));
    const parts = Array.from({ length: random.below(6) }, () => {
      const from = random.below(reference.length + 1);
      return random.oneIn(2) ? make(random.below(700)) : reference.subarray(from, from + random.below(700));
    });
    const chunk = Uint8Array.from(Buffer.concat(parts));
    const first = searchAfter(Uint8Array.of(), reference);
    const whole = inflateRawSync(
      Buffer.concat([first, searchAfter(reference, chunk), Uint8Array.of(3, 0)]),
    );
    assert.deepEqual(whole, Buffer.concat([reference, chunk]), `seed ${seed}`);
  }
});

test("whatever clients were sent before, each can unpack what it is sent", () => {
  for (let seed = 0; seed < 150; seed++) {
    const random = new Random(seed);
    const compression = gzip({ level: random.pick([1, 6, 9]), threshold: random.pick([0, 100, 1000]) });
    const clients = Array.from({ length: 2 + random.below(6) }, () => ({
      encoder: compression.begin(),
      plain: [] as Uint8Array[],
      packed: [] as Uint8Array[],
    }));
    for (const { encoder, packed } of clients) packed.push(encoder.head);
    const text = () => {
      const line = `data: {"symbol":"${random.pick(["ACME", "INITECH"])}","amount":${
        random.below(1000)
      }}\n\n`;
      return Buffer.from(line.repeat(random.pick([1, 1, 1, 20, 600])).slice(random.below(3)));
    };
    const keepalive = Buffer.from(":\n\n");
    for (let step = random.below(40); step > 0; step--) {
      const shared = random.oneIn(5) ? keepalive : text();
      const leaveOut = random.below(4);
      for (const client of clients) {
        if (leaveOut > 1 && random.oneIn(leaveOut)) continue;
        const chunk = random.oneIn(8) ? text() : shared;
        client.plain.push(chunk);
        client.packed.push(client.encoder.encode(chunk));
      }
    }
    for (const { encoder, plain, packed } of clients) {
      packed.push(encoder.tail());
      assert.deepEqual(gunzipSync(Buffer.concat(packed)), Buffer.concat(plain), `seed ${seed}`);
    }
  }
});

test("packed is only what a client takes", async () => {
  const feed = new Broadcaster({ compression: gzip() });
  const cases: [accepts: string | undefined, packed: boolean][] = [
    [undefined, false],
    ["", false],
    ["gzip", true],
    ["GZIP", true],
    ["gzip, deflate, br, zstd", true],
    ["br", false],
    ["identity", false],
    ["gzip;q=0", false],
    ["gzip; q=0.000", false],
    ["gzip;q=0.001", true],
    ["*", true],
    ["*;q=0", false],
    ["gzip;q=0, *", false],
    ["gzip, *;q=0", true],
    ["x-gzip-like", false],
  ];
  for (const [accepts, packed] of cases) {
    for (const method of ["GET", "HEAD"]) {
      const headers = accepts === undefined ? [] : [["accept-encoding", accepts] as [string, string]];
      const response = feed.subscribe(new Request("http://localhost/", { method, headers }));
      assert.equal(response.headers.get("content-encoding"), packed ? "gzip" : null, `${method} ${accepts}`);
      assert.equal(response.headers.get("vary"), "Accept-Encoding");
      assert.equal(response.headers.get("cache-control"), "no-cache, no-transform");
      await response.body?.cancel();
    }
  }
  const own = feed.subscribe(request({ packed: true }), { headers: { "content-encoding": "br" } });
  assert.equal(own.headers.get("content-encoding"), "br", "what is packed already is left alone");
  await own.body?.cancel();
  await feed.close();
  const late = feed.subscribe(request({ packed: true }));
  assert.equal(late.headers.get("content-encoding"), null);
  assert.match(await late.text(), /^:/);
});

test("small chunks, large ones and ones that cannot be made smaller all arrive", async () => {
  const random = new Random(3);
  const noise = Array.from({ length: 90_000 }, () => String.fromCharCode(33 + random.below(90))).join("");
  const texts = [
    "",
    "x",
    "x".repeat(99),
    "x".repeat(100_000),
    noise,
    noise.slice(0, 300),
    "é",
    "🙂".repeat(20_000),
  ];
  for (const options of [{}, { level: 1 }, { level: 9, threshold: 0 }, { threshold: 1e6 }]) {
    const response = createSSEResponse(request({ packed: true }), texts, {
      compression: gzip(options),
      final: false,
    });
    const client = new MemoryClient(response);
    await until(() => (void client.settle(), client.ended !== "no"), "the end");
    assert.equal(client.ended, "end");
    assert.deepEqual(client.data, texts);
  }
});

test("a wrong option is a TypeError that names it and what was received", () => {
  assert.throws(() => gzip({ level: 0 }), /"level" must be .*received 0/);
  assert.throws(() => gzip({ level: 10 }), /"level" must be from 1 to 9, received 10/);
  assert.throws(() => gzip({ threshold: -1 }), /"threshold" must be .*received -1/);
  assert.throws(
    () => gzip({ lvl: 9 } as never),
    /^TypeError: Unknown option "lvl" of gzip: the options are level, threshold$/,
  );
  const wrong = "gzip" as never;
  assert.throws(
    () => new Broadcaster({ compression: wrong }),
    /"compression" must be what gzip\(\) .*received "gzip"/,
  );
  assert.throws(() => createSSEResponse(request(), [], { compression: wrong }), /"compression"/);
});

/** Publishes `count` events, each after the last was seen: none may be held back until another comes. */
async function oneByOne(feed: Broadcaster, seen: () => number, count: number): Promise<void> {
  await until(() => feed.size === 2, "the client is there, beside the companion");
  for (let i = 0; i < count; i++) {
    feed.publish({ event: "price", data: { i, ...JSON_EVENT.data } });
    await until(() => seen() === i + 1, `event ${i} was seen before there was another`);
  }
}

for (const kind of servers) {
  test(`${kind.name}: fetch reads each event as it comes, the end as an end, and a cut as a failure`, async () => {
    for (const ending of ["end", "cut"] as const) {
      const feed = new Broadcaster({ compression: gzip() });
      accompany(feed);
      let reading!: Promise<void>;
      await withServer(kind, (request) => feed.subscribe(request, { keepalive: 20 }), async (port) => {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        assert.equal(response.headers.get("content-encoding"), "gzip");
        let text = "";
        const decoder = new TextDecoder();
        reading = (async () => {
          for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true });
        })();
        reading.catch(() => {});
        await oneByOne(feed, () => text.split("data: ").length - 2, 5); // one of them is the cursor
        await until(() => text.endsWith("\n\n:\n\n"), "keepalives are packed too");
        if (ending === "end") {
          await feed.close();
          await within(reading, "the end");
        }
      });
      // Some readers take what is cut off for a failure, some for an end; none may go on waiting.
      await within(reading.catch(() => {}), "the reader is told");
      await feed.close();
    }
  });

  test(`${kind.name}: our own client reads it, loses nothing when it is cut off, and knows a whole stream`, async () => {
    const feed = new Broadcaster({ compression: gzip() });
    accompany(feed);
    const seen: number[] = [];
    const leave = new Set<AbortController>();
    await withServer(kind, (request) => {
      const cut = new AbortController();
      leave.add(cut);
      return feed.subscribe(request, { signal: cut.signal, retry: 1 });
    }, async (port) => {
      const stream = connectClient(`http://127.0.0.1:${port}/`, { retry: { base: 10 } });
      const reading = (async () => {
        for await (const event of stream) {
          if (event.kind === "event" && event.event === "price") {
            seen.push(JSON.parse(event.data as string).i);
          }
        }
      })();
      await oneByOne(feed, () => seen.length, 3);
      for (const cut of leave) cut.abort();
      for (let i = 3; i < 6; i++) feed.publish({ event: "price", data: { i } });
      await until(() => seen.length === 6, "what was published while it was away");
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
      stream.close();
      await reading.catch(() => {});
    });
    await feed.close();
  });
}

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const hasNginx = spawnSync("nginx", ["-v"]).status === 0;

test("curl --compressed, and the same through nginx", {
  skip: hasCurl || process.env["CI"] === "true" ? false : "there is no curl",
}, async () => {
  const feed = new Broadcaster({ compression: gzip() });
  accompany(feed);
  await withServer(servers[0]!, (request) => feed.subscribe(request), async (port) => {
    const ports = [port];
    const proxy = hasNginx || process.env["CI"] === "true" ? await startNginx(port) : undefined;
    if (proxy !== undefined) ports.push(proxy.port);
    try {
      for (const each of ports) {
        const url = `http://127.0.0.1:${each}/`;
        const curl = spawn("curl", [
          "--silent",
          "--show-error",
          "--no-buffer",
          "--compressed",
          "-D",
          "-",
          url,
        ]);
        let text = "";
        curl.stdout.on("data", (chunk) => text += chunk);
        const exit = new Promise<number | null>((resolve) => curl.once("close", resolve));
        await oneByOne(feed, () => text.split('"ACME"').length - 1, 3);
        assert.match(text, /content-encoding: gzip/i);
        if (each !== ports.at(-1)) {
          curl.kill();
          await until(() => feed.size === 1, "curl has left");
        } else {
          await feed.close();
          assert.equal(await within(exit, "curl's end"), 0, "curl takes the end for whole");
        }
      }
    } finally {
      await proxy?.stop();
    }
  });
});

/** nginx as people write it, on a free port and in a folder of its own. */
async function startNginx(upstream: number): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "tidings-nginx-"));
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
  await writeFile(
    join(folder, "nginx.conf"),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
     events {}
     http {
       access_log off; ${paths}
       server {
         listen 127.0.0.1:${port};
         location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; }
       }
     }`,
  );
  const nginx = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")]);
  const gone = new Promise<void>((resolve) => nginx.once("exit", () => resolve()));
  for (let tries = 0;; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/`, { method: "HEAD" }).catch(() => undefined);
    if (answer?.ok) break;
    assert.ok(tries < 200, "nginx does not answer");
    await sleep(50);
  }
  return {
    port,
    async stop() {
      process.kill(nginx.pid!, "SIGTERM");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
