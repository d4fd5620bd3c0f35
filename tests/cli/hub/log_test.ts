/** Tests what `tidings hub` writes down of its operation: one line an event, and never a secret or a token. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TidingsError } from "../../../lib/base/errors.ts";
import { OperationLog } from "../../../lib/cli/hub/log.ts";
import { hooks } from "../../../lib/cli/hub/operation.ts";
import { grant, ISSUER, SECRET, sign, URL_OF_HUB } from "../../support/hub.ts";
import { COMMAND, HubProcess } from "../../support/hub_process.ts";
import { runModule } from "../../support/spawn.ts";
import { turnedClock } from "../../support/turned_clock.ts";
import { errorsPrinted } from "../../support/wait.ts";

const ENV = { TIDINGS_URL: URL_OF_HUB, TIDINGS_JWT_ISSUER: ISSUER };
const PATH = new URL(URL_OF_HUB).pathname;

test("each event of operation is one line of JSON, and no token that came in any way is in one", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    const now = Math.floor(Date.now() / 1_000);
    const all = [grant(["publish", "subscribe"], "*")];
    const expired = await sign(all, { claims: { exp: now - 60 } });
    const good = await sign(all);
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const post = async (headers: Record<string, string>, topic: string) => {
      const response = await fetch(hub.origin + PATH, {
        method: "POST",
        headers,
        body: new URLSearchParams({ topic }),
      });
      await response.text();
      return response.status;
    };
    assert.equal(await post(bearer(expired), "a"), 401);
    assert.equal(await post({ cookie: `__Secure-mercure_access_token=${expired}` }, "a"), 401);
    assert.equal((await fetch(`${hub.origin}${PATH}?match=a&access_token=${good}`)).status, 401);
    // Somebody who took the wrong field.
    const json = await fetch(`${hub.origin}/publish`, {
      method: "POST",
      headers: { ...bearer(good), "content-type": "application/json" },
      body: JSON.stringify({ topic: "a", [good]: 1 }),
    });
    assert.equal(json.status, 400);
    assert.equal(await post(bearer(await sign([grant("publish", "b")])), "a"), 403);
    assert.equal(await post(bearer(good), "a"), 200);
    const stream = await fetch(`${hub.origin}${PATH}?match=a`, { headers: bearer(good) });
    hub.signal("SIGTERM");
    await stream.text();
    assert.equal(await hub.ended, 0, hub.text);
    const printed = hub.text.trimEnd().split("\n");
    const lines = hub.lines();
    assert.equal(lines.length, printed.length, "each line is JSON");
    for (const { time, level, event, message } of lines) {
      assert.ok(
        !Number.isNaN(Date.parse(String(time))) && event && message,
        JSON.stringify({ event, message }),
      );
      assert.equal(level, event === "refused" ? "warn" : "info");
    }
    assert.deepEqual(
      lines.map(({ event, reason, status, why }) => event === "refused" ? [status, reason, why] : event),
      [
        "listening",
        [401, "token-refused", "it has expired"],
        [401, "token-refused", "it has expired"],
        [400, "malformed", lines[3]!["why"]],
        [403, "not-granted", "The access token does not grant publish on every topic of the update"],
        "signal",
        "drain",
        "end",
      ],
    );
    const { streams } = lines.at(-2)!;
    assert.deepEqual([streams, lines.at(-1)!["code"]], [1, 0]);
    for (const token of [expired, good]) {
      for (const part of token.split(".")) {
        assert.ok(!hub.text.includes(part.slice(0, 30)), "no part of a token");
      }
    }
    assert.ok(!hub.text.includes(SECRET));
  } finally {
    await hub.kill();
  }
});

test("as text, a line is what a person reads", async () => {
  const hub = await HubProcess.startBare(["--memory", "--log", "text"], ENV);
  try {
    await (await fetch(hub.origin + PATH, { method: "POST", headers: { authorization: "Bearer x" } })).text();
    hub.signal("SIGTERM");
    assert.equal(await hub.ended, 0);
    const [listening, refused, signal, drain, end] = hub.text.split("\n");
    assert.match(listening!, /^tidings hub at http:\/\/\S+, known as \S+, with its history in memory$/);
    assert.equal(
      refused,
      `Refused POST ${PATH} with 401, token-refused: it is no JWT`,
    );
    assert.match(signal!, /^SIGTERM: closing/);
    assert.equal(drain, "Ending 0 streams");
    assert.match(end!, /^Ended after \d+ seconds, with code 0$/);
  } finally {
    await hub.kill();
  }
});

test("another format than these two is refused", async () => {
  const { code, stderr } = await runModule(COMMAND, {
    args: ["hub", "--memory", "--log", "xml"],
    env: { TIDINGS_JWT_SECRET: SECRET },
  });
  assert.equal(code, 1);
  assert.match(stderr, /"log" must be json or text, received "xml"/);
});

test("a secret that an error holds is taken out, in its causes and its stack too", async () => {
  const secret = 'a "quoted" secret';
  for (const format of ["json", "text"] as const) {
    const log = new OperationLog(format, [secret, undefined, ""]);
    const [line] = await errorsPrinted(() => {
      const cause = new Error(`of ${secret}`);
      log.error("engine", "Trouble", new Error(`at redis://:${secret}@host`, { cause }));
      return Promise.resolve();
    });
    assert.ok(line !== undefined && !line.includes("quoted"), line!);
    assert.match(line, /Trouble: at redis:\/\/:\[removed\]@host/);
    if (format === "json") assert.deepEqual(JSON.parse(line!).causes, ["of [removed]"]);
  }
});

test("a flood of one event is cut to some lines a second, and the next line says how many were left out", async () => {
  const clock = turnedClock();
  const log = new OperationLog("json", [], clock);
  const printed = await errorsPrinted(() => {
    for (let n = 0; n < 100; n++) log.warn("refused", `${n}`);
    log.warn("slow-client", "another event is told");
    clock.pass(1_000);
    log.warn("refused", "the last");
    return Promise.resolve();
  });
  const lines = printed.map((line) => JSON.parse(line));
  assert.equal(lines.length, 22);
  assert.equal(lines[20].event, "slow-client");
  assert.deepEqual([lines[21].message, lines[21].left_out], ["the last", 80]);
});

test("no line break of a stranger's begins a line of its own", async () => {
  const log = new OperationLog("text");
  const printed = await errorsPrinted(() => {
    log.warn("refused", "one\ntwo\u001b[31m");
    return Promise.resolve();
  });
  assert.deepEqual(printed, ["one\\u000atwo\\u001b[31m"]);
});

test("a client that was cut off is told by what it listened to, and not by the token in its address", async () => {
  const { onClose } = hooks(new OperationLog("json"));
  const request = new Request(`${URL_OF_HUB}?match=a&match_urlpattern=/b/:id&access_token=secret`);
  const printed = await errorsPrinted(() => {
    onClose({ reason: "lagging" }, request);
    onClose({ reason: "client" }, request);
    return Promise.resolve();
  });
  assert.equal(printed.length, 1);
  const { event, matchers } = JSON.parse(printed[0]!);
  assert.deepEqual([event, matchers], ["slow-client", ["match=a", "match_urlpattern=/b/:id"]]);
  assert.ok(!printed[0]!.includes("secret"));
});

test("trouble with the engine is told apart from trouble in the hub", async () => {
  const { onError } = hooks(new OperationLog("json"));
  const printed = await errorsPrinted(() => {
    onError(new TidingsError("backplane-unavailable", "Redis is gone"));
    onError(new Error("The keys cannot be fetched"));
    return Promise.resolve();
  });
  assert.deepEqual(printed.map((line) => JSON.parse(line).event), ["engine", "failure"]);
});
