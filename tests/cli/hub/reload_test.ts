/** Tests that `tidings hub` exchanges its keys while it runs, on SIGHUP and when a file has changed. */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { grant, ISSUER, SECRET, sign, URL_OF_HUB } from "../../support/hub.ts";
import { COMMAND, HubProcess, untilTrue } from "../../support/hub_process.ts";
import { runModule } from "../../support/spawn.ts";

const PATH = new URL(URL_OF_HUB).pathname;
const NEW_SECRET = "another secret, of at least 32 bytes";
// The empty variable counts as none: the secret comes by a file.
const ENV = {
  TIDINGS_URL: URL_OF_HUB,
  TIDINGS_JWT_ISSUER: ISSUER,
  TIDINGS_JWT_SECRET: "",
};
const work = mkdtempSync(join(tmpdir(), "tidings-reload-"));
after(() => rmSync(work, { recursive: true, force: true }));

const all = [grant(["publish", "subscribe"], "*")];
const byOld = await sign(all);
const byNew = await sign(all, { key: new TextEncoder().encode(NEW_SECRET) });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function publish({ origin }: HubProcess, token: string): Promise<number> {
  const body = new URLSearchParams({ topic: "a", data: "x" });
  const response = await fetch(origin + PATH, {
    method: "POST",
    headers: bearer(token),
    body,
  });
  await response.text();
  return response.status;
}

/** Reads a stream to its end. */
async function subscribe({ origin }: HubProcess, token?: string) {
  const controller = new AbortController();
  const response = await fetch(`${origin}${PATH}?match=a`, {
    headers: token === undefined ? {} : bearer(token),
    signal: controller.signal,
  });
  const reader = { text: "", ended: false, close: () => controller.abort() };
  void (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body!) {
        reader.text += decoder.decode(chunk, { stream: true });
      }
    } catch { /* closed by the test */ }
    reader.ended = true;
  })();
  return reader;
}

const told = (hub: HubProcess, event: string) => hub.lines().filter((line) => line["event"] === event);

/** As editors and containers do it: never half written. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

test(
  "SIGHUP reads the keys of the settings anew: old tokens are refused, new ones and their streams stay",
  {
    skip: process.platform === "win32",
  },
  async () => {
    const config = join(work, "hub.json");
    const settings = (secret: string, more: object = {}) =>
      JSON.stringify({
        memory: true,
        anonymous: true,
        "jwt-secret": secret,
        ...more,
      });
    writeFileSync(config, settings(SECRET));
    const hub = await HubProcess.startBare(["--config", config], ENV);
    try {
      assert.deepEqual([await publish(hub, byOld), await publish(hub, byNew)], [
        200,
        401,
      ]);
      const [ofOld, anonymous] = [
        await subscribe(hub, byOld),
        await subscribe(hub),
      ];

      writeFileSync(config, settings(NEW_SECRET));
      hub.signal("SIGHUP");
      await untilTrue(
        () => told(hub, "keys-loaded").length === 1,
        "the exchange",
      );
      assert.equal(told(hub, "keys-loaded")[0]!["ended"], 1);
      assert.deepEqual([await publish(hub, byOld), await publish(hub, byNew)], [
        401,
        200,
      ]);
      await untilTrue(() => ofOld.ended, "the end of the old key's stream");
      const ofNew = await subscribe(hub, byNew);

      // What is of no use changes nothing, and is told without the secret.
      writeFileSync(config, `{ "jwt-secret": ${NEW_SECRET}`);
      hub.signal("SIGHUP");
      await untilTrue(
        () => told(hub, "reload-failed").length > 0,
        "the refusal",
      );
      writeFileSync(config, settings("short and secret"));
      hub.signal("SIGHUP");
      await untilTrue(
        () => told(hub, "reload-failed").some(({ message }) => /at least 32 bytes/.test(String(message))),
        "the other refusal",
      );
      // Another setting takes effect at a restart, and does not touch the keys.
      writeFileSync(config, settings(NEW_SECRET, { subscriptions: true }));
      hub.signal("SIGHUP");
      await untilTrue(
        () => told(hub, "restart-needed").length === 1,
        "the remark",
      );
      assert.deepEqual(told(hub, "restart-needed")[0]!["settings"], [
        "subscriptions",
      ]);
      assert.equal(told(hub, "keys-loaded").length, 1);

      assert.equal(await publish(hub, byNew), 200);
      for (const reader of [ofNew, anonymous]) {
        await untilTrue(() => reader.text.includes("data: x"), "an update");
        assert.ok(!reader.ended);
      }
      for (const secret of [SECRET, NEW_SECRET, "short and secret"]) {
        assert.ok(
          !hub.text.includes(secret),
        );
      }
      hub.signal("SIGTERM");
      assert.equal(await hub.ended, 0, hub.text);
    } finally {
      await hub.kill();
    }
  },
);

test("a file that holds the secret is read anew once it has changed, without a signal", async () => {
  const file = join(work, "secret");
  writeFileSync(file, `${SECRET}\n`);
  const hub = await HubProcess.startBare(["--memory", "--jwt-secret-file", file], ENV);
  try {
    assert.deepEqual([await publish(hub, byOld), await publish(hub, byNew)], [
      200,
      401,
    ]);
    rmSync(file);
    await untilTrue(
      () => told(hub, "reload-failed").length === 1,
      "the remark that it is gone",
    );
    assert.equal(await publish(hub, byOld), 200);
    replace(file, NEW_SECRET);
    await untilTrue(
      () => told(hub, "keys-loaded").length === 1,
      "the exchange",
    );
    assert.deepEqual([await publish(hub, byOld), await publish(hub, byNew)], [
      401,
      200,
    ]);
    assert.ok(!hub.text.includes(SECRET) && !hub.text.includes(NEW_SECRET));
  } finally {
    await hub.kill();
  }
});

test("a file that is of no use is refused at the start", async () => {
  const [empty, good] = [join(work, "empty"), join(work, "good")];
  writeFileSync(empty, "\n");
  writeFileSync(good, SECRET);
  const wrong: [string[], Record<string, string>, RegExp][] = [
    [
      ["--jwt-secret-file", join(work, "none")],
      {},
      /"jwt-secret-file" must name a file, received .*none/,
    ],
    [["--jwt-secret-file", empty], {}, /is empty/],
    [
      ["--jwt-secret-file", good],
      { TIDINGS_JWT_SECRET: SECRET },
      /one of jwt-secret and jwt-secret-file/,
    ],
  ];
  for (const [args, env, message] of wrong) {
    const { code, stderr } = await runModule(COMMAND, {
      args: ["hub", "--memory", ...args],
      env,
    });
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});
