/** Tests what stands behind the admin page of `tidings hub`: only the operator gets it, and no page of another origin. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request as send } from "node:http";
import { test } from "node:test";
import { ActiveTopics } from "../../../lib/cli/hub/topics.ts";
import { Guard } from "../../../lib/cli/hub/guard.ts";
import { grant, ISSUER, sign, URL_OF_HUB } from "../../support/hub.ts";
import { HubProcess, untilTrue } from "../../support/hub_process.ts";

const TOKEN = "an-admin-token-that-is-long";
const ENV = {
  TIDINGS_URL: "http://hub.example/.well-known/mercure",
  TIDINGS_JWT_ISSUER: ISSUER,
  TIDINGS_ADMIN_TOKEN: TOKEN,
};

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** Sends headers that `fetch` does not let a program set, as a browser would. */
function ask(
  { origin }: HubProcess,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: object,
) {
  return new Promise<Answer>((resolve, reject) => {
    const outgoing = send(`${origin}/admin${path}`, {
      method,
      agent: false,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    }, (incoming) => {
      let text = "";
      const done = () => resolve({ status: incoming.statusCode!, headers: incoming.headers, text });
      incoming.on("data", (chunk: unknown) => {
        text += String(chunk);
        // Of a stream, its first event is enough.
        if (/^data: ?\S.*\n\n/m.test(text)) {
          done();
          incoming.destroy();
        }
      });
      incoming.on("end", done);
    });
    outgoing.on("error", reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function signIn(hub: HubProcess): Promise<string> {
  const { status, headers } = await ask(hub, "POST", "/session", { "sec-fetch-site": "same-origin" }, {
    token: TOKEN,
  });
  assert.equal(status, 200);
  const [set] = [headers["set-cookie"]].flat();
  assert.match(set!, /^tidings_admin=\S+; Path=\/admin; HttpOnly; SameSite=Strict; Max-Age=43200$/);
  return set!.split(";")[0]!;
}

test("whoever signed in gets figures, publishes and watches; nobody else does", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    const same = { "sec-fetch-site": "same-origin" };
    const update = { topic: "a", data: "x", private: true };
    const userToken = await sign([grant(["publish", "subscribe"], "*")], {
      claims: { aud: ENV.TIDINGS_URL },
    });
    const strangers: Record<string, string>[] = [
      same,
      { ...same, cookie: "tidings_admin=9999999999." + "0".repeat(64) },
      { ...same, authorization: `Bearer ${userToken}` },
    ];
    for (const headers of strangers) {
      for (
        const [method, path, body] of [["GET", "/figures"], ["GET", "/watch?match=*"], [
          "POST",
          "/publish",
          update,
        ]] as const
      ) {
        assert.equal((await ask(hub, method, path, headers, body)).status, 401, path);
      }
    }
    assert.equal((await ask(hub, "POST", "/session", same, { token: "wrong" })).status, 401);
    const cookie = await signIn(hub);
    const own = { ...same, cookie };
    assert.deepEqual(JSON.parse((await ask(hub, "GET", "/session", own)).text), { open: true });
    const published = await ask(hub, "POST", "/publish", own, update);
    assert.equal(published.status, 200, published.text);
    assert.ok(JSON.parse(published.text).id);
    const bad = await ask(hub, "POST", "/publish", own, { topic: "" });
    assert.deepEqual([bad.status, /must not be empty/.test(bad.text)], [400, true]);
    const seen = await ask(hub, "GET", "/watch?match=a&last_event_id=earliest", own);
    assert.match(seen.text, /data: ?x/, "private updates too");
    const { text } = await ask(hub, "GET", "/figures", own);
    const figures = JSON.parse(/^data: ?(\{.*)$/m.exec(text)![1]!);
    assert.equal(figures.isReady, true);
    assert.equal(figures.published, 1);
    assert.deepEqual([figures.topics[0].topic, figures.topics[0].isPrivate], ["a", true]);
    const bye = await ask(hub, "DELETE", "/session", own);
    assert.match(String(bye.headers["set-cookie"]), /^tidings_admin=; .*Max-Age=0/);
    await untilTrue(() => hub.lines().some(({ event }) => event === "admin-opened"), "the log");
    assert.ok(!hub.text.includes(TOKEN));
  } finally {
    await hub.kill();
  }
});

test("a page of another origin can neither read nor post, though the browser sent the cookie", async () => {
  // An origin that may read the hub's streams may not read these.
  const hub = await HubProcess.startBare(["--memory", "--cors", "http://friend.example"], ENV);
  try {
    const cookie = await signIn(hub);
    const { host } = new URL(hub.origin);
    const foreign: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site", origin: "http://evil.example" },
      { "sec-fetch-site": "same-site", origin: "http://friend.example" },
      { origin: "http://friend.example" },
      { origin: "null" },
      { origin: `http://${host}.evil.example` },
    ];
    for (const headers of foreign) {
      for (
        const [method, path] of [["GET", "/figures"], ["GET", "/watch?match=*"], ["GET", "/session"], [
          "POST",
          "/publish",
        ], ["POST", "/session"]] as const
      ) {
        const body = method === "POST" ? { topic: "a", token: TOKEN } : undefined;
        const answer = await ask(hub, method, path, { ...headers, cookie }, body);
        assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)}`);
        assert.equal(answer.headers["access-control-allow-origin"], undefined);
        assert.equal(answer.headers["set-cookie"], undefined);
      }
    }
    // A browser asks first whether it may, and is not told so.
    const preflight = await ask(hub, "OPTIONS", "/publish", {
      origin: "http://friend.example",
      "access-control-request-method": "POST",
    });
    assert.equal(preflight.headers["access-control-allow-origin"], undefined);
    // What a form sends without asking is refused for its type, and one that names no origin at all too.
    const form = { cookie, "content-type": "text/plain", origin: hub.origin };
    assert.equal((await ask(hub, "POST", "/publish", form, { topic: "a" })).status, 415);
    assert.equal((await ask(hub, "POST", "/publish", { cookie }, { topic: "a" })).status, 403);
    // Its own page, in a browser that does not say of itself where it is.
    assert.equal(
      (await ask(hub, "POST", "/publish", { cookie, origin: hub.origin }, { topic: "a", data: "x" })).status,
      200,
    );
    const watched = await ask(hub, "GET", "/watch?match=a&last_event_id=earliest", { cookie });
    assert.deepEqual(Object.keys(watched.headers).filter((name) => name.startsWith("access-control")), []);
  } finally {
    await hub.kill();
  }
});

test("the page carries all it shows, and its policy allows nothing else", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    for (const path of ["", "/admin.js", "/client.js", "/base.css", "/page.css"]) {
      const { status, headers, text } = await ask(hub, "GET", path);
      assert.equal(status, 200, path);
      assert.match(
        String(headers["content-security-policy"]),
        /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
      );
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.doesNotMatch(text, /(src|href)="(https?:)?\/\/|@import|url\(|<script>|<style|style="| on\w+="/);
    }
    assert.equal((await ask(hub, "GET", "/../../package.json")).status, 404);
    assert.equal((await ask(hub, "GET", "/elsewhere", { authorization: `Bearer ${TOKEN}` })).status, 404);
  } finally {
    await hub.kill();
  }
  const { TIDINGS_ADMIN_TOKEN: _, ...without } = ENV;
  const bare = await HubProcess.startBare(["--memory"], without);
  try {
    for (const path of ["", "/admin.js", "/session"]) {
      assert.equal((await ask(bare, "GET", path)).status, 404);
    }
  } finally {
    await bare.kill();
  }
});

test("a session ends after its time, and with its token", () => {
  const guard = new Guard(TOKEN);
  const ask = (cookie: string) => new Request(URL_OF_HUB, { headers: { cookie } });
  const cookie = `a=b; ${guard.begin(true, 0).split(";")[0]}`;
  assert.match(guard.begin(true), /; Secure$/);
  assert.ok(guard.hasSession(ask(cookie), 12 * 3_600_000));
  assert.ok(!guard.hasSession(ask(cookie), 12 * 3_600_000 + 1));
  assert.ok(!guard.hasSession(ask(cookie.replace("43200", "99999")), 0));
  assert.ok(!new Guard("another-token-that-is-long").hasSession(ask(cookie), 0));
});

test("the busiest topics come first, and what is long ago counts no more", () => {
  const topics = new ActiveTopics();
  const publish = (topic: string, isPrivate: boolean, at: number) =>
    topics.published({ topics: [topic, "alternate"], isPrivate, milliseconds: 0 }, at);
  for (let n = 0; n < 60; n++) publish("busy", false, n * 1_000);
  publish("quiet", true, 59_000);
  for (let n = 0; n < 500; n++) publish("once", false, 0);
  const [first, second, third] = topics.top(5, 60_000);
  assert.deepEqual([first!.topic, second!.topic, third!.topic], ["once", "busy", "quiet"]);
  assert.ok(Math.abs(second!.perMinute - 52) < 5, `${second!.perMinute}`);
  assert.equal(topics.top(5, 600_000).every(({ perMinute }) => perMinute < 0.05), true);
  assert.equal(topics.top(1, 60_000).length, 1);
});

test("the page has the colours of the family", () => {
  const roots = (path: string) =>
    readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8").match(/:root \{[^}]*\}/g);
  assert.deepEqual(roots("lib/cli/hub/page/base.css"), roots("examples/page/base.css"));
});
