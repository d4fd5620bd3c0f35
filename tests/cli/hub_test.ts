/** Tests `tidings hub` by its sources: what it says, what it refuses, and that it serves, keeps and ends. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { grant, SECRET, sign, signClaims } from "../support/hub.ts";
import { COMMAND, HubProcess, untilTrue } from "../support/hub_process.ts";
import { runModule } from "../support/spawn.ts";

// Node has it from 22.13 on.
const hasSqlite = await import("node:sqlite").then(() => true, () => false);

const work = mkdtempSync(join(tmpdir(), "tidings-hub-"));
after(() => rmSync(work, { recursive: true, force: true }));

const run = (args: string[], env: Record<string, string> = {}) =>
  runModule(COMMAND, { args: ["hub", ...args], env, ms: 60_000 });

test("the help names each setting, by flag and variable, and no flag for the secret", async () => {
  const { code, stdout } = await run(["--help"]);
  assert.equal(code, 0);
  for (
    const name of ["--port <number>", "(PORT)", "(TIDINGS_JWT_SECRET)", "(REDIS_URL)", "--memory", "/readyz"]
  ) {
    assert.ok(stdout.includes(name), name);
  }
  assert.doesNotMatch(stdout, /--(jwt-secret|admin-token)(?!-file)/);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 132, line);
});

test("what cannot be run is refused in one line that says what to do", async () => {
  const file = join(work, "wrong.json");
  writeFileSync(file, '{"prot": 1}');
  const secret = { TIDINGS_JWT_SECRET: SECRET };
  const wrong: [string[], Record<string, string>, RegExp][] = [
    [[], {}, /TIDINGS_JWT_SECRET .*TIDINGS_JWKS_URL/],
    [["--prot", "1"], secret, /There is no --prot: did you mean --port\?/],
    [["--jwt-secret", SECRET], {}, /--jwt-secret is no flag.*TIDINGS_JWT_SECRET/],
    [["--port", "x"], secret, /"port" must be a number up to 65535, received "x"/],
    [["--memory", "--data", "x"], secret, /Choose one of redis, nats, postgres, data and memory/],
    [["--redis", "redis://h", "--nats", "nats://h"], secret, /Choose one of redis, nats, postgres, data/],
    [["--redis", `http://${SECRET}@h`], secret, /^REDIS_URL must be the address of a Redis, such as redis:/],
    [
      ["--nats", `nats://h,${SECRET}`],
      secret,
      /^NATS_URL must be the address of a NATS server, such as nats:/,
    ],
    [["--postgres", `postgres://a:${SECRET}@:x`], secret, /^DATABASE_URL must be the address of a Postgres/],
    [["--postgres", "postgres://h/d", "--stream", "A B"], secret, /^The setting "stream" must be .*"A B"/],
    [["--nats", "nats://h", "--stream", "A.B"], secret, /^The setting "stream" must be .*"A.B"/],
    [
      ["--memory"],
      { TIDINGS_JWT_SECRET: "short" },
      /^Option TIDINGS_JWT_SECRET must have at least 32 bytes, and has 5/,
    ],
    // Nothing is there, and is tried again and again: that must not keep it running.
    [["--redis", "redis://127.0.0.1:1"], { TIDINGS_JWT_SECRET: "short" }, /at least 32 bytes, and has 5/],
    [["--memory"], { ...secret, TIDINGS_ANONYMOUS: "maybe" }, /"anonymous" must be true or false/],
    [["--memory", "--url", "nowhere"], secret, /"url" must be an address/],
    [["--memory", "--cors", "example.com"], secret, /cors.origins/],
    [["--memory", "--jwt-algorithms", "none"], secret, /TIDINGS_JWT_ALGORITHMS must be a list of HS256/],
    [["--config", join(work, "none.json")], secret, /--config must name a file of JSON/],
    [["--config", file], secret, /setting "prot" that is not known: did you mean "port"\?/],
    [["--memory", "extra"], secret, /extra/],
    [["--memory", "--compatibility", "mercure-7"], secret, /"compatibility" must be "mercure-0", received/],
  ];
  for (const [args, env, message] of wrong) {
    const { code, stderr } = await run(args, env);
    assert.equal(code, 1, args.join(" "));
    assert.match(stderr, message);
    assert.ok(!stderr.includes(SECRET) && !stderr.includes("    at "), stderr);
  }
});

test("it publishes, keeps what was published over a restart where it has SQLite, and ends in good order", async () => {
  const file = join(work, "hub.db");
  const config = join(work, "hub.json");
  writeFileSync(
    config,
    JSON.stringify({ subscriptions: true, ...(hasSqlite ? { data: file } : { memory: true }) }),
  );
  const token = await sign([grant("publish", "*")]);
  const first = await HubProcess.start(["--config", config]);
  try {
    assert.equal((await fetch(`${first.origin}/healthz`)).status, 200);
    await untilTrue(() => first.isReady(), "its readiness");
    const id = await first.publish(token, { topic: "a", data: "one" });
    await first.publish(token, { topic: "a", data: "two" });
    const stream = await fetch(`${first.address}?match=a`, { headers: { "last-event-id": id } });
    const text = stream.text();
    first.signal("SIGTERM");
    assert.match(await text, /data: two[^]*retry: \d+/);
    assert.equal(await first.ended, 0, first.text);
    if (!hasSqlite) return;
    const second = await HubProcess.start(["--data", file]);
    try {
      const again = await fetch(`${second.address}?match=a`, { headers: { "last-event-id": id } });
      const rest = again.text();
      await untilTrue(() => second.isReady(), "its readiness");
      second.signal("SIGTERM");
      assert.match(await rest, /data: two/);
      assert.equal(await second.ended, 0, second.text);
    } finally {
      second.signal("SIGKILL");
    }
    assert.ok(!first.text.includes(SECRET));
  } finally {
    first.signal("SIGKILL");
  }
});

test("it takes clients of the older protocol if it is told to", async () => {
  const running = await HubProcess.start(["--memory"], { TIDINGS_COMPATIBILITY: "mercure-0" });
  try {
    const token = await signClaims({ mercure: { publish: ["*"] } }, { header: { typ: "JWT" } });
    const headers = { authorization: `Bearer ${token}` };
    const body = new URLSearchParams({ topic: "a/1", data: "one" });
    assert.equal((await fetch(running.address, { method: "POST", headers, body })).status, 200);
    const stream = await fetch(`${running.address}?topic=a/{id}&lastEventID=earliest`, { headers });
    assert.equal(stream.headers.get("last-event-id"), "earliest");
    const text = stream.text();
    running.signal("SIGTERM");
    assert.match(await text, /data: one/);
    assert.equal(await running.ended, 0, running.text);
  } finally {
    running.signal("SIGKILL");
  }
});
