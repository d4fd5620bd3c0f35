// Tests which pages of other origins may read a stream.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type CorsOptions, createSSEResponse } from "../../mod.ts";
import { connect } from "../../lib/client/mod.ts";
import { RawClient } from "../support/client.ts";
import { servers, withServer } from "../support/servers.ts";

const APP = "https://app.example.com";
const URL_ = "https://api.example.com/events";

const request = (headers: Record<string, string> = {}, method = "GET") =>
  new Request(URL_, { method, headers });
const asking = (origin: string) => request({ origin, "access-control-request-method": "GET" }, "OPTIONS");

/** The headers that say who may read, of both kinds of stream; they must be the same. */
async function answer(cors: CorsOptions, origin?: string, headers: HeadersInit = {}) {
  const feed = new Broadcaster();
  const asked = request(origin === undefined ? {} : { origin });
  const responses = [
    feed.subscribe(asked, { cors, headers }),
    createSSEResponse(asked, [], { cors, headers }),
  ];
  const seen = responses.map((response) =>
    [
      "access-control-allow-origin",
      "access-control-allow-credentials",
      "access-control-expose-headers",
      "vary",
    ]
      .map((name) => response.headers.get(name))
  );
  for (const response of responses) {
    assert.equal(response.status, 200);
    await response.body!.cancel();
  }
  await feed.close();
  assert.deepEqual(seen[0], seen[1]);
  return seen[0];
}

test("an origin of the list may read, no other; and no cache may mix them up", async () => {
  const cors = { origins: [APP, "http://localhost:5173"] };
  assert.deepEqual(await answer(cors, APP), [APP, null, "Retry-After", "Origin"]);
  assert.deepEqual(await answer(cors, "https://evil.example"), [null, null, null, "Origin"]);
  assert.deepEqual(await answer(cors, `${APP}.evil.example`), [null, null, null, "Origin"]);
  assert.deepEqual(await answer(cors, "null"), [null, null, null, "Origin"]);
  assert.deepEqual(await answer(cors), [null, null, null, "Origin"]);
});

test("with credentials, for the list or the function only", async () => {
  assert.deepEqual(await answer({ origins: [APP], credentials: true }, APP), [
    APP,
    "true",
    "Retry-After",
    "Origin",
  ]);
  assert.deepEqual(await answer({ origins: [APP], credentials: true }, "https://evil.example"), [
    null,
    null,
    null,
    "Origin",
  ]);
});

test('"*" is the same answer for all, so nothing varies', async () => {
  for (const origin of [APP, "null", undefined]) {
    assert.deepEqual(await answer({ origins: "*" }, origin), ["*", null, "Retry-After", null]);
  }
});

test("a function decides; what is not true is no, and what it throws is no", async () => {
  const asked: string[] = [];
  const cors = {
    origins: (origin: string) => {
      asked.push(origin);
      return origin.endsWith(".example.com");
    },
  };
  assert.equal((await answer(cors, APP))![0], APP);
  assert.equal((await answer(cors, "https://evil.example"))![0], null);
  assert.equal((await answer(cors))![0], null);
  assert.deepEqual(asked, [APP, APP, "https://evil.example", "https://evil.example"]);
  const promise = { origins: (() => Promise.resolve(true)) as unknown as (origin: string) => boolean };
  assert.equal((await answer(promise, APP))![0], null);
  const { error } = console;
  const printed: unknown[][] = [];
  console.error = (...parts) => printed.push(parts);
  try {
    const broken = {
      origins: () => {
        throw new Error("mine");
      },
    };
    assert.equal((await answer(broken, APP))![0], null);
  } finally {
    console.error = error;
  }
  assert.match(String(printed[0]![0]), /cors\.origins threw/);
});

test("headers of the caller's own that say the like are kept beside", async () => {
  const own = { vary: "Accept-Language", "access-control-expose-headers": "X-Own" };
  assert.deepEqual(await answer({ origins: [APP] }, APP, own), [
    APP,
    null,
    "X-Own, Retry-After",
    "Accept-Language, Origin",
  ]);
  assert.equal((await answer({ origins: [APP] }, APP, { vary: "origin" }))![3], "origin");
});

test("a preflight is answered by the same call, and starts nothing", async () => {
  const feed = new Broadcaster();
  const cors = { origins: [APP], credentials: true, headers: ["X-Tenant"], preflightMaxAge: 60_999 };
  let started = false;
  const answers = [
    feed.subscribe(asking(APP), { cors }),
    createSSEResponse(asking(APP), () => void (started = true), { cors }),
  ];
  for (const { status, headers, body } of answers) {
    assert.equal(status, 204);
    assert.equal(body, null);
    assert.deepEqual([...headers], [
      ["access-control-allow-credentials", "true"],
      ["access-control-allow-headers", "last-event-id, authorization, content-type, cache-control, X-Tenant"],
      ["access-control-allow-methods", "GET, HEAD, POST"],
      ["access-control-allow-origin", APP],
      ["access-control-max-age", "60"],
      ["vary", "Origin"],
    ]);
  }
  const refused = feed.subscribe(asking("https://evil.example"), { cors });
  assert.equal(refused.status, 204);
  assert.deepEqual([...refused.headers], [["vary", "Origin"]]);
  assert.equal(
    feed.subscribe(asking(APP), { cors: { origins: "*" } }).headers.get("access-control-max-age"),
    "7200",
  );
  assert.equal(feed.size, 0);
  assert.equal(started, false);
  await feed.close();
});

test("a refusal can be read too: 503 and 429, with when to come back, and after close()", async () => {
  const cors = { origins: [APP] };
  const full = new Broadcaster({ limits: { clientsPerOwner: 1, clients: 2, whenFull: "refuse" } });
  const asked = request({ origin: APP });
  const responses = [
    full.subscribe(asked, { cors, owner: "ann" }),
    full.subscribe(asked, { cors, owner: "ann" }),
    full.subscribe(asked, { cors }),
    full.subscribe(asked, { cors }),
  ];
  assert.deepEqual(responses.map(({ status }) => status), [200, 429, 200, 503]);
  const soft = new Broadcaster({ limits: { clients: 0 } });
  responses.push(soft.subscribe(asked, { cors }));
  await full.close();
  responses.push(full.subscribe(asked, { cors }));
  responses.push(full.subscribe(request({ origin: APP }, "HEAD"), { cors }));
  for (const { status, headers } of responses) {
    assert.equal(headers.get("access-control-allow-origin"), APP, `${status}`);
    assert.equal(headers.get("access-control-expose-headers"), "Retry-After", `${status}`);
    if (status >= 400) assert.ok(Number(headers.get("retry-after")) > 0);
  }
});

test("without the option nothing is said of origins, and OPTIONS is nothing special", async () => {
  const response = createSSEResponse(asking(APP), ["x"]);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("vary"), null);
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  assert.match(await response.text(), /data: x/);
});

for (
  const [cors, message] of [
    [{ origins: "*", credentials: true }, /"\*" where "cors\.credentials" is true: .*List the origins/],
    [{ origins: [`${APP}/`] }, /"https:\/\/app\.example\.com\/": write "https:\/\/app\.example\.com"$/],
    [{ origins: [`${APP}/news?x#y`] }, /: write "https:\/\/app\.example\.com"$/],
    [{ origins: ["https://APP.example.com"] }, /: write "https:\/\/app\.example\.com"$/],
    [{ origins: [`${APP}:443`] }, /: write "https:\/\/app\.example\.com"$/],
    [{ origins: ["https://bücher.example"] }, /: write "https:\/\/xn--bcher-kva\.example"$/],
    [{ origins: ["app.example.com"] }, /"app\.example\.com": write one such as/],
    [{ origins: ["localhost:8080"] }, /"localhost:8080": write one such as/],
    [{ origins: ["*"] }, /write origins: "\*", without a list$/],
    [{ origins: ["https://*.example.com"] }, /write a function/],
    [{ origins: ["null"] }, /write a function/],
    [{ origins: [""] }, /write one such as/],
    [{ origins: [5] }, /received 5: write a string/],
    [{ origins: APP }, /"cors\.origins" must be a list of origins.*received "https/],
    [{}, /"cors\.origins" must be .*received undefined/],
    [true, /"cors" must be an object, such as { origins: "\*" }, received true/],
    [{ origins: [], credentials: "yes" }, /"cors\.credentials" must be true or false, received "yes"/],
    [{ origins: [], headers: "x-own" }, /"cors\.headers"/],
    [{ origins: [], headers: ["x own"] }, /"cors\.headers" must be a list of header names, received "x own"/],
    [
      { origins: [], preflightMaxAge: -1 },
      /"cors\.preflightMaxAge" must be a whole number of milliseconds, at least 0, received -1/,
    ],
    [
      { origins: [], maxAge: 60 } as unknown as CorsOptions,
      /Unknown option "maxAge" of cors: use preflightMaxAge, in milliseconds/,
    ],
    [
      { origin: [APP] } as unknown as CorsOptions,
      /Unknown option "origin" of cors: did you mean "origins"\?/,
    ],
  ] as [CorsOptions, RegExp][]
) {
  test(`refused: ${JSON.stringify(cors)}`, () => {
    const feed = new Broadcaster();
    for (
      const wrong of [
        () => feed.subscribe(request(), { cors }),
        () => createSSEResponse(request(), [], { cors }),
      ]
    ) assert.throws(wrong, (error) => error instanceof TypeError && message.test(error.message));
  });
}

test("right: origins with a port, of an app, and none at all", async () => {
  for (const origin of ["http://localhost:5173", "http://[::1]:8080", "capacitor://localhost"]) {
    assert.equal((await answer({ origins: [origin] }, origin))![0], origin);
  }
  assert.equal((await answer({ origins: [] }, APP))![0], null);
});

for (const kind of servers) {
  test(`${kind.name}: a preflight, the stream, and a client that resumes with Last-Event-ID`, {
    timeout: 30_000,
  }, async () => {
    const feed = new Broadcaster();
    const cors = { origins: [APP], credentials: true };
    await withServer(kind, (request) => feed.subscribe(request, { cors }), async (port) => {
      const first = await feed.publish("one");
      feed.publish("two");
      const origin = { origin: APP };
      const asks = await RawClient.open(port, {
        method: "OPTIONS",
        headers: { ...origin, "access-control-request-method": "GET", connection: "close" },
      });
      const text = await asks.untilClosed();
      assert.match(text, /^HTTP\/1\.1 204 /);
      assert.match(text, /^access-control-allow-headers: last-event-id,/im);
      assert.equal(feed.size, 0);

      const reads = await RawClient.open(port, { headers: origin });
      await reads.until("tidings-cursor");
      assert.match(reads.text, /^access-control-allow-origin: https:\/\/app\.example\.com\r$/im);
      assert.match(reads.text, /^x-accel-buffering: no\r$/im);
      reads.end();

      const stream = connect(`http://127.0.0.1:${port}/`, { headers: origin, lastEventId: first });
      for await (const { kind, ...event } of stream) {
        assert.deepEqual([kind, "data" in event && event.data], ["event", "two"]);
        break;
      }
    });
    await feed.close();
  });
}
