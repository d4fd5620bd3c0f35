/** Tests that no token gets in that should not, however it is made, sent or signed, and that streams end with theirs. */
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, exportSPKI, generateKeyPair, type SignJWT } from "jose";
import { createHub, type HubAuthOptions, type TokenIssuer } from "../../lib/hub/mod.ts";
import {
  dataOf,
  DETAIL,
  grant,
  ISSUER,
  pattern,
  SECRET,
  sign,
  type TestHub,
  URL_OF_HUB,
  withHub,
} from "../support/hub.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { until } from "../support/wait.ts";

const everything = [grant(["publish", "subscribe"], "*")];
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const now = () => Math.floor(Date.now() / 1_000);

/** Asserts that a token neither publishes nor subscribes, and that the answers are all the same. */
async function refused(hub: TestHub, token: string, what: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  for (
    const response of [
      await hub.publish(token, { topic: "a" }),
      await hub.get("/.well-known/mercure?match=a", { headers }),
    ]
  ) {
    assert.equal(response.status, 401, what);
    assert.match(response.headers.get("www-authenticate")!, /^Bearer error="invalid_token", /, what);
    const text = await response.text();
    assert.equal(JSON.parse(text).detail, "The access token is not accepted: get a new one", what);
  }
}

test("a forged, expired, foreign or malformed token is refused, and never told why", async () => {
  await withHub({}, async (hub) => {
    const good = await sign(everything);
    assert.equal((await hub.publish(good, { topic: "a" })).status, 200);
    const [head, body, signature] = good.split(".") as [string, string, string];
    const claims = { iss: ISSUER, aud: URL_OF_HUB, exp: now() + 600, authorization_details: everything };
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const own = await exportJWK(publicKey);
    const wrong: [string, string][] = [
      ["no token at all", "x"],
      ["two parts", `${head}.${body}`],
      ["another secret", await sign(everything, { key: new TextEncoder().encode("x".repeat(32)) })],
      ["another body", `${head}.${base64({ ...claims, sub: "root" })}.${signature}`],
      ["no algorithm", `${base64({ alg: "none", typ: "at+jwt" })}.${base64(claims)}.`],
      [
        "no algorithm, and a signature",
        `${base64({ alg: "none", typ: "at+jwt" })}.${base64(claims)}.${signature}`,
      ],
      ["NONE", `${base64({ alg: "NONE", typ: "at+jwt" })}.${base64(claims)}.`],
      ["an algorithm that is not allowed", await sign(everything, { header: { alg: "HS384" } })],
      ["its own key", await sign(everything, { header: { alg: "ES256", jwk: own }, key: privateKey })],
      [
        "the address of its key",
        await sign(everything, { header: { alg: "ES256", jku: "http://127.0.0.1:1/" }, key: privateKey }),
      ],
      ["expired", await sign(everything, { claims: { exp: now() - 1 } })],
      ["no end", await sign(everything, { claims: { exp: undefined } })],
      ["an end that is text", await sign(everything, { claims: { exp: "9999999999" } })],
      ["not valid yet", await sign(everything, { claims: { nbf: now() + 60 } })],
      ["for somebody else", await sign(everything, { claims: { aud: "https://other.example" } })],
      ["for nobody", await sign(everything, { claims: { aud: undefined } })],
      ["an issuer that is not known", await sign(everything, { claims: { iss: "https://evil.example" } })],
      ["no issuer", await sign(everything, { claims: { iss: undefined } })],
      ["an issuer by another name", await sign(everything, { claims: { iss: "__proto__" } })],
      ["an ID token", await sign(everything, { header: { typ: "JWT" } })],
      ["no type", await sign(everything, { header: { typ: undefined } })],
      ["critical headers", await sign(everything, { header: { crit: ["x"], x: 1 } }).catch(() => "a.b.c")],
      ["long", await sign(everything, { claims: { x: "x".repeat(8_000) } })],
    ];
    for (const [what, token] of wrong) await refused(hub, token, what);
    assert.deepEqual(hub.errors, []);
  });
});

test("a token that says one thing wrong is refused as a whole, and one that says nothing grants nothing", async () => {
  await withHub({ limits: { matchers: 5, matcherLength: 100 } }, async (hub) => {
    const good = grant(["publish", "subscribe"], "*");
    const wrong: unknown[] = [
      {},
      "publish",
      [good, 5],
      [good, null],
      [good, { type: DETAIL, actions: ["publish"] }],
      [good, { type: DETAIL, topics: [{ match: "a" }] }],
      [good, { type: DETAIL, actions: [], topics: [{ match: "a" }] }],
      [good, { type: DETAIL, actions: [7], topics: [{ match: "a" }] }],
      [good, { type: DETAIL, actions: "publish", topics: [{ match: "a" }] }],
      [good, { type: DETAIL, actions: ["publish"], topics: ["a"] }],
      [good, { type: DETAIL, actions: ["publish"], topics: [{ match: 5 }] }],
      [good, { type: DETAIL, actions: ["publish"], topics: [{ match: "" }] }],
      [good, grant("publish", { match: "a", match_type: "regexp" })],
      [good, grant("publish", { match: "a", match_type: "URLPattern" })],
      [good, grant("publish", pattern("https://e.com/(a+)+"))],
      [good, grant("publish", "x".repeat(101))],
      [good, grant("publish", "a\u0001b")],
      [good, { ...grant("subscribe", "a"), payload: "text" }],
      [good, grant("subscribe", "a", "b", "c", "d", "e")],
    ];
    for (const details of wrong) await refused(hub, await sign(details), JSON.stringify(details));
    const nothing: unknown[] = [
      undefined,
      [],
      [{ type: "other", anything: 1 }],
      [{ ...grant("fly", "*") }],
      [grant("subscribe", "*")],
      [grant("publish", "b", pattern("https://e.com/:x"))],
    ];
    for (const details of nothing) {
      const response = await hub.publish(await sign(details), { topic: "a" });
      assert.equal(response.status, 403, JSON.stringify(details));
      assert.match(response.headers.get("www-authenticate")!, /^Bearer error="insufficient_scope", /);
    }
    // Every topic has to be granted, or nothing is published.
    const some = await sign([grant("publish", "a", pattern("https://e.com/:x"))]);
    const reader = await hub.subscribe("match=*");
    assert.equal((await hub.publish(some, { topic: ["a", "b"] })).status, 403);
    assert.equal((await hub.publish(some, { topic: ["a", "https://e.com/1"], data: "last" })).status, 200);
    await until(() => reader.events.length > 0, "an update");
    assert.deepEqual(dataOf(reader), ["last"]);
    assert.equal((await hub.publish(undefined, { topic: "a" })).status, 401);
  });
});

test("a public key is never taken for a secret, and each issuer has keys of its own", async () => {
  const rsa = await generateKeyPair("RS256", { extractable: true });
  const ec = await generateKeyPair("ES256", { extractable: true });
  const ed = await generateKeyPair("EdDSA", { extractable: true });
  const pem = await exportSPKI(rsa.publicKey);
  const auth: Partial<HubAuthOptions> = {
    issuers: [
      { issuer: "rsa", algorithms: ["RS256", "PS256"], publicKey: pem },
      {
        issuer: "ec",
        algorithms: ["ES256"],
        publicKey: await exportJWK(ec.publicKey) as Record<string, unknown>,
      },
      {
        issuer: "ed",
        algorithms: ["EdDSA"],
        publicKey: await exportSPKI(ed.publicKey),
        actions: ["subscribe"],
      },
      { issuer: "shared", algorithms: ["HS256"], secret: SECRET },
    ],
  };
  await withHub({ auth }, async (hub) => {
    const by = (iss: string, alg: string, key: Parameters<typeof sign>[1] & object) =>
      sign(everything, { claims: { iss }, header: { alg }, ...key });
    const good = [
      await by("rsa", "RS256", { key: rsa.privateKey }),
      await by("ec", "ES256", { key: ec.privateKey }),
      await by("shared", "HS256", {}),
    ];
    for (const token of good) assert.equal((await hub.publish(token, { topic: "a" })).status, 200);
    const restricted = await by("ed", "EdDSA", { key: ed.privateKey });
    assert.equal(
      (await hub.publish(restricted, { topic: "a" })).status,
      403,
      "its issuer may not grant that",
    );
    assert.equal((await hub.subscribe("match=a", { token: restricted })).response.status, 200);
    const text = (value: string) => new TextEncoder().encode(value);
    const wrong: [string, string][] = [
      ["the PEM as a secret", await by("rsa", "HS256", { key: text(pem) })],
      ["the PEM as a secret, trimmed", await by("rsa", "HS256", { key: text(pem.trim()) })],
      [
        "the JWK as a secret",
        await by("ec", "HS256", { key: text(JSON.stringify(await exportJWK(ec.publicKey))) }),
      ],
      ["another issuer's secret", await by("rsa", "HS256", {})],
      ["another issuer's key", await by("ec", "RS256", { key: rsa.privateKey })],
      ["its key, and another issuer's name", await by("shared", "ES256", { key: ec.privateKey })],
      ["an algorithm that does not fit to the key", await by("rsa", "ES256", { key: ec.privateKey })],
    ];
    for (const [what, token] of wrong) await refused(hub, token, what);
  });
  const refuses = (issuer: object, message: RegExp) =>
    assert.throws(() => createHub({ url: URL_OF_HUB, auth: { issuers: [issuer as never] } }), message);
  refuses({ issuer: "a", algorithms: ["HS256"], publicKey: pem }, /algorithms" must be a list of RS256/);
  refuses({ issuer: "a", algorithms: ["RS256", "HS256"], publicKey: pem }, /algorithms"/);
  refuses({ issuer: "a", algorithms: ["RS256"], secret: SECRET }, /algorithms" must be a list of HS256/);
  refuses({ issuer: "a", algorithms: ["none"], secret: SECRET }, /algorithms"/);
  refuses(
    { issuer: "a", algorithms: ["HS256"], secret: "short but secret" },
    /at least 32 bytes, and has 16/,
  );
  refuses({ issuer: "a", algorithms: ["ES256"], publicKey: { kty: "oct", k: "c2VjcmV0" } }, /is a secret/);
  refuses({ issuer: "a", algorithms: ["ES256"], publicKey: SECRET }, /BEGIN PUBLIC KEY/);
  refuses({ issuer: "a", algorithms: ["HS256"] }, /one of secret, publicKey and jwks/);
  const auth2 = { issuers: [{ issuer: "a", algorithms: ["HS256" as const], secret: SECRET }] };
  for (
    const url of [
      "https://hub.example",
      "https://hub.example/hub/",
      "ftp://hub.example/a",
      "https://hub.example/a?b",
    ]
  ) {
    assert.throws(() => createHub({ url, auth: auth2 }), /Option "url" must be an/, url);
  }
});

test("no secret and no token is in an error or in what is printed", async () => {
  const printed: string[] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => printed.push(parts.map(String).join(" "));
  try {
    const secret = "s3cr3t";
    const tries: object[] = [
      { issuer: "a", algorithms: ["HS256"], secret },
      { issuer: "a", algorithms: ["HS256"], secret: [secret] },
      { issuer: "a", algorithms: ["HS999"], secret },
      { issuer: "a", algorithms: ["ES256"], publicKey: secret },
      { issuer: "a", algorithms: ["HS256"], secret, publicKey: secret },
    ];
    for (const issuer of tries) {
      assert.throws(
        () => createHub({ url: URL_OF_HUB, auth: { issuers: [issuer as never] } }),
        (error) => error instanceof TypeError && !error.message.includes(secret),
      );
    }
    await withHub({}, async (hub) => {
      const token = await sign(everything, { claims: { aud: "x" } });
      for (const path of ["/.well-known/mercure?match=a", "/publish"]) {
        const text = await (await hub.get(path, { headers: { authorization: `Bearer ${token}` } })).text();
        assert.ok(!text.includes(token));
      }
    });
    assert.deepEqual(printed, []);
  } finally {
    console.error = original;
  }
});

test("a token comes by header, by cookie, and by query only where that is allowed", async () => {
  const cors = { origins: ["https://page.example"], credentials: true };
  await withHub({ auth: { anonymous: false }, cors }, async (hub) => {
    const token = await sign(everything);
    const path = "/.well-known/mercure?match=a";
    const status = async (headers: Record<string, string>, address = path) => {
      const response = await hub.get(address, { headers });
      await response.body?.cancel();
      return response.status;
    };
    const cookie = `a=b; __Secure-mercure_access_token=${token}`;
    assert.equal(await status({ authorization: `bearer ${token}` }), 200);
    assert.equal(await status({ cookie }), 200);
    assert.equal(await status({ cookie: `x__Secure-mercure_access_token=${token}` }), 401);
    assert.equal(await status({ cookie, authorization: "Bearer x" }), 401, "the header counts");
    assert.equal(await status({ cookie, authorization: "Basic eDp4" }), 400);
    for (const name of ["access_token", "authorization"]) {
      assert.equal(await status({}, `${path}&${name}=${token}`), 401, name);
    }
    // A form of another page is sent with the user's cookie.
    const post = (headers: Record<string, string>) =>
      hub.get("/.well-known/mercure", { method: "POST", headers, body: new URLSearchParams({ topic: "a" }) });
    assert.equal((await post({ cookie })).status, 403);
    assert.equal((await post({ cookie, origin: "https://evil.example" })).status, 403);
    assert.equal((await post({ cookie, origin: "null" })).status, 403);
    assert.equal((await post({ cookie, origin: "https://page.example" })).status, 200);
    assert.equal((await post({ cookie, origin: "https://hub.example" })).status, 200);
  });
  await withHub({ auth: { anonymous: false, cookie: false, query: "access_token" } }, async (hub) => {
    const token = await sign(everything);
    const { response } = await hub.subscribe(`match=a&access_token=${token}`);
    assert.equal(response.status, 200);
    const byCookie = await hub.get("/.well-known/mercure?match=a", {
      headers: { cookie: `__Secure-mercure_access_token=${token}` },
    });
    assert.equal(byCookie.status, 401);
  });
});

test("a page of another origin reads only if it is on the list", async () => {
  const cors = { origins: ["https://page.example"], credentials: true };
  await withHub({ cors }, async (hub) => {
    for (const path of ["/.well-known/mercure?match=a", "/.well-known/mercure", "/publish", "/elsewhere"]) {
      for (
        const [origin, expected] of [["https://page.example", "https://page.example"], [
          "https://evil.example",
          null,
        ]]
      ) {
        const response = await hub.get(path, { headers: { origin: origin! } });
        assert.equal(response.headers.get("access-control-allow-origin"), expected, `${path} ${origin}`);
        assert.equal(
          response.headers.get("access-control-allow-credentials"),
          expected === null ? null : "true",
        );
        await response.body?.cancel();
      }
    }
    const exposed = (await hub.get("/publish", { headers: { origin: "https://page.example" } })).headers;
    assert.match(exposed.get("access-control-expose-headers")!, /Mercure-Last-Event-ID/);
    const asked = await hub.get("/.well-known/mercure", {
      method: "OPTIONS",
      headers: { origin: "https://page.example", "access-control-request-method": "POST" },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get("access-control-allow-origin"), "https://page.example");
  });
});

test("a stream ends with its token", async () => {
  await withHub({}, async (hub) => {
    const exp = now() + 3;
    const reader = await hub.subscribe("match=a", { token: await sign(everything, { claims: { exp } }) });
    const stays = await hub.subscribe("match=a", { token: await sign(everything) });
    await until(() => reader.ended, "the stream's end");
    assert.ok(Date.now() <= exp * 1_000 + 100, "not later than the token");
    assert.equal(stays.ended, false);
  });
});

test("a token that was accepted is checked anew within a minute, and not accepted past its end", async () => {
  const clock = turnedClock();
  let keys = await generateKeyPair("ES256", { extractable: true });
  let fetches = 0;
  const server = createServer((_, response) => {
    fetches++;
    void exportJWK(keys.publicKey).then((key) => response.end(JSON.stringify({ keys: [key] })));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const issuers = [
    { issuer: ISSUER, algorithms: ["HS256" as const], secret: SECRET },
    { issuer: "published", algorithms: ["ES256" as const], jwks },
  ];
  const hub = createHub({ url: URL_OF_HUB, auth: { issuers }, clock });
  const publish = async (token: string) => {
    const body = new URLSearchParams({ topic: "a" });
    const headers = { authorization: `Bearer ${token}` };
    return (await hub.fetch(new Request(URL_OF_HUB, { method: "POST", headers, body }))).status;
  };
  const exp = Math.floor(clock.now() / 1_000) + 30;
  const short = await sign(everything, { claims: { exp } });
  const claims = { iss: "published", exp: exp + 600 };
  const long = await sign(everything, { claims, header: { alg: "ES256" }, key: keys.privateKey });
  assert.deepEqual([await publish(short), await publish(short), await publish(long)], [200, 200, 200]);
  assert.equal(await publish(short.slice(0, -2)), 401, "one that is nearly the same");
  clock.pass(exp * 1_000 - clock.now() - 1);
  assert.equal(await publish(short), 200);
  clock.pass(1);
  assert.equal(await publish(short), 401);
  // The issuer has taken its key back.
  keys = await generateKeyPair("ES256", { extractable: true });
  assert.equal(await publish(long), 200);
  clock.pass(60_000);
  assert.equal(await publish(long), 200, "its keys are good for ten minutes");
  assert.equal(fetches, 1);
  server.closeAllConnections();
  server.close();
  void hub.close();
});

test("keys are fetched from where they are published, no oftener than they must, and an outage is no refusal", async () => {
  let keys: object[] = [];
  let isUp = false;
  let fetches = 0;
  const server: Server = createServer((_, response) => {
    fetches++;
    if (!isUp) response.writeHead(500);
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  const first = await generateKeyPair("ES256", { extractable: true });
  const second = await generateKeyPair("ES256", { extractable: true });
  keys = [{ ...await exportJWK(first.publicKey), kid: "1", alg: "ES256" }];
  const auth = { issuers: [{ issuer: ISSUER, algorithms: ["ES256" as const], jwks }] };
  try {
    await withHub({ auth }, async (hub) => {
      const by = (kid: string, key: Parameters<SignJWT["sign"]>[0]) =>
        sign(everything, { header: { alg: "ES256", kid }, key });
      const token = await by("1", first.privateKey);
      const outage = await hub.publish(token, { topic: "a" });
      assert.equal(outage.status, 503);
      assert.equal(hub.errors.length, 1);
      assert.ok(!String((hub.errors[0] as Error).message).includes(token));
      isUp = true;
      assert.equal((await hub.publish(token, { topic: "a" })).status, 200);
      assert.equal((await hub.publish(token, { topic: "a" })).status, 200);
      const before = fetches;
      await refused(hub, await by("1", second.privateKey), "another key by the same name");
      // A stranger who makes up names of keys has them fetched once, not each time.
      for (let i = 0; i < 5; i++) {
        await refused(hub, await by(`made up ${i}`, second.privateKey), "a name made up");
      }
      assert.ok(fetches - before <= 1, `${fetches - before} fetches`);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("an issuer grants no more topics than it may, whatever its tokens say, to publishers, readers and lists", async () => {
  const text = (value: string) => new TextEncoder().encode(value);
  const [a, b, free] = ["a".repeat(32), "b".repeat(32), "c".repeat(32)];
  const algorithms = ["HS256" as const];
  const limited = (issuer: string, secret: string) => ({
    ...{ issuer, algorithms, secret },
    topics: [{ match: `https://e.com/${issuer}/*`, match_type: "urlpattern" as const }, { match: issuer }],
  });
  const issuers = [limited("a", a), limited("b", b), { issuer: "free", algorithms, secret: free }];
  await withHub({ auth: { issuers }, subscriptions: true }, async (hub) => {
    const by = (iss: string, secret: string, details: unknown = everything) =>
      sign(details, { claims: { iss }, key: text(secret) });
    const tokens = { a: await by("a", a), b: await by("b", b), free: await by("free", free) };
    const status = async (token: string, ...topic: string[]) => (await hub.publish(token, { topic })).status;
    assert.equal(await status(tokens.a, "https://e.com/a/1"), 200);
    assert.equal(await status(tokens.a, "a"), 200);
    assert.equal(await status(tokens.a, "https://e.com/b/1"), 403);
    assert.equal(await status(tokens.a, "https://e.com/a/../b/1"), 403);
    assert.equal(await status(tokens.a, "a", "https://e.com/b/1"), 403);
    assert.equal(
      await status(await by("a", a, [grant("publish", "b")]), "a"),
      403,
      "nor more than a token says",
    );
    assert.equal(await status(tokens.free, "a", "https://e.com/b/1"), 200);
    // Tokens that say the same, of issuers that may not grant the same, are told apart.
    const readers: Record<string, Awaited<ReturnType<TestHub["subscribe"]>>> = {};
    for (const [name, token] of Object.entries(tokens)) {
      readers[name] = await hub.subscribe("match_urlpattern=https://e.com/:x/:y&match=a&match=end", {
        token,
      });
      readers[`${name} of all`] = await hub.subscribe("match=*", { token });
    }
    const publish = (topic: string | string[], data: string) =>
      hub.publish(tokens.free, { topic, data, ...(data === "end" ? {} : { private: "on" }) });
    await publish("https://e.com/a/2", "of a");
    await publish("https://e.com/b/2", "of b");
    await publish(["https://e.com/c/2", "a"], "of c and a");
    await publish("end", "end");
    const expected: Record<string, string[]> = {
      a: ["of a", "of c and a", "end"],
      b: ["of b", "end"],
      free: ["of a", "of b", "of c and a", "end"],
    };
    for (const [name, data] of Object.entries(expected)) {
      for (const reader of [readers[name]!, readers[`${name} of all`]!]) {
        await until(() => dataOf(reader).includes("end"), `${name}: the end`);
        assert.deepEqual(dataOf(reader).filter((each) => !each.startsWith("{")), data, name);
      }
    }
    const list = (token: string) =>
      hub.get("/.well-known/mercure/subscriptions", { headers: { authorization: `Bearer ${token}` } });
    assert.deepEqual([(await list(tokens.a)).status, (await list(tokens.free)).status], [403, 200]);
    assert.deepEqual(hub.errors, []);
  });
  const make = (topics: unknown) => {
    const issuer = { issuer: "a", algorithms, secret: a, topics } as TokenIssuer;
    return createHub({
      url: URL_OF_HUB,
      auth: { issuers: [issuer] },
      onError: (error) => errors.push(error),
    });
  };
  const errors: unknown[] = [];
  assert.throws(() => make([]), /"auth\.issuers\[0\]\.topics" must be a list of/);
  assert.throws(() => make([{ match: 5 }]), /"auth\.issuers\[0\]\.topics\[0\]" must be/);
  assert.throws(() => make(["a"]), /"auth\.issuers\[0\]\.topics\[0\]" must be/);
  assert.throws(
    () => make([{ match: "a", match_type: "regexp" }]),
    /"auth\.issuers\[0\]\.topics\[0\]" must be/,
  );
  // A pattern is read as soon as the runtime's reader of patterns is there.
  const hub = make([{ match: "a" }, { match: "https://e.com/(a+)+", match_type: "urlpattern" }]);
  await until(() => errors.length > 0, "an error is told");
  assert.match(
    String(errors[0]),
    /"auth\.issuers\[0\]\.topics\[1\]" is no matcher: it has a regular expression/,
  );
  const headers = {
    authorization: `Bearer ${await sign(everything, { claims: { iss: "a" }, key: text(a) })}`,
  };
  assert.equal((await hub.fetch(new Request(`${URL_OF_HUB}?match=a`, { headers }))).status, 500);
  await hub.close();
});
