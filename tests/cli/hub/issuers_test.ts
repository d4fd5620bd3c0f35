/** Tests whose tokens `tidings hub` accepts: of one issuer by its settings, or of several by a list in its file. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { exportSPKI, generateKeyPair } from "jose";
import { make } from "../../../lib/cli/hub/make.ts";
import { SETTINGS } from "../../../lib/cli/hub/settings.ts";
import { issuersOf } from "../../../lib/cli/hub/issuers.ts";
import { readSettings } from "../../../lib/cli/settings.ts";
import { grant, SECRET, sign } from "../../support/hub.ts";

const work = mkdtempSync(join(tmpdir(), "tidings-issuers-"));
after(() => rmSync(work, { recursive: true, force: true }));
const url = "https://hub.example/.well-known/mercure";

/** A hub with this file of settings, made as the command makes it. */
async function withFile(settings: object, env: Record<string, string> = {}) {
  const file = join(work, "hub.json");
  writeFileSync(file, JSON.stringify(settings));
  const values = await readSettings("hub", SETTINGS, ["--config", file], env);
  return make({ url, auth: { issuers: issuersOf(values, url) } }, values);
}

test("a list in the file names several issuers, each with a key of its own", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const running = await withFile({
    issuers: [
      { issuer: "app", secret: SECRET },
      {
        issuer: "other",
        publicKey: await exportSPKI(publicKey),
        algorithms: ["ES256"],
        actions: ["subscribe"],
      },
      { issuer: "third", algorithms: ["HS256"], secret: "x".repeat(32) },
    ],
  });
  const by = (iss: string, options: object = {}) =>
    sign([grant(["publish", "subscribe"], "*")], { claims: { iss, aud: url }, ...options });
  const statuses = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const body = new URLSearchParams({ topic: "a" });
    const published = await running.fetch(new Request(url, { method: "POST", headers, body }));
    const read = await running.fetch(new Request(`${url}?match=a`, { headers }));
    await read.body?.cancel();
    return [published.status, read.status];
  };
  try {
    const ec = { key: privateKey, header: { alg: "ES256" } };
    assert.deepEqual(await statuses(await by("app")), [200, 200]);
    assert.deepEqual(await statuses(await by("other", ec)), [403, 200], "it may not grant that");
    assert.deepEqual(await statuses(await by("third", { key: new TextEncoder().encode("x".repeat(32)) })), [
      200,
      200,
    ]);
    for (
      const wrong of [
        await by("third"),
        await by("other"),
        await by("app", ec),
        await by("app", { key: new TextEncoder().encode("x".repeat(32)) }),
        await by("fourth"),
      ]
    ) assert.deepEqual(await statuses(wrong), [401, 401]);
  } finally {
    await running.close();
  }
});

test("each wrong entry of the list is refused by its place in it, and no secret is told", async () => {
  const good = { issuer: "app", secret: SECRET };
  const wrong: [object, RegExp, Record<string, string>?][] = [
    [{ issuers: good }, /setting "issuers" in .* must be a list/],
    [{ issuers: [] }, /"issuers" must be a list of at least one issuer/],
    [{ issuers: [good, "app"] }, /"issuers\[1\]" must be an object with issuer/],
    [{ issuers: [good, { issuer: "b" }] }, /"issuers\[1\]" must have one of secret, publicKey and jwks/],
    [
      { issuers: [good, { ...good, issuer: "b", jwks: "https://a.example" }] },
      /"issuers\[1\]" must have one of/,
    ],
    [
      { issuers: [good, { issuer: "b", secret: "short" }] },
      /"issuers\[1\]\.secret" must have at least 32 bytes/,
    ],
    [{ issuers: [good, { issuer: "b", jwks: "nowhere" }] }, /"issuers\[1\]\.jwks" must be an http/],
    [{ issuers: [good, { issuer: "b", publicKey: "x" }] }, /"issuers\[1\]\.publicKey" must begin with/],
    [
      { issuers: [good, { ...good, algorithms: ["none"] }] },
      /"issuers\[1\]\.algorithms" must be a list of HS256/,
    ],
    [
      { issuers: [good, { ...good, algorithms: "HS256" }] },
      /"issuers\[1\]\.algorithms" must be a list of HS256/,
    ],
    [{ issuers: [good, { ...good, issuer: "b", key: "c" }] }, /"key".*issuers\[1\].*publicKey, or secret/],
    [{ issuers: [good, good] }, /"issuers" must be a list that names each key of an issuer once/],
    [
      { issuers: [{ ...good, actions: ["fly"] }] },
      /"issuers\[0\]\.actions" must be a list of publish, subscribe/,
    ],
    [{ issuers: [{ ...good, topics: ["a"] }] }, /"issuers\[0\]\.topics\[0\]" must be \{ match/],
    [{ issuers: [good] }, /one place.*issuers.*TIDINGS_JWT_SECRET/, { TIDINGS_JWT_SECRET: SECRET }],
    [{ issuers: [good], "jwt-issuer": "app" }, /one place.*issuers.*TIDINGS_JWT_ISSUER/],
    [{ "jwt-secret": "short" }, /TIDINGS_JWT_SECRET must have at least 32 bytes/],
  ];
  for (const [settings, message, env] of wrong) {
    await assert.rejects(withFile(settings, env), (error: Error) => {
      assert.match(error.message, message);
      assert.equal(error.name, "CommandError", error.message);
      assert.ok(!error.message.includes(SECRET) && !error.message.includes("auth."), error.message);
      return true;
    });
  }
  await assert.rejects(
    readSettings("hub", SETTINGS, ["--issuers", "[]"], {}),
    /There is no --issuers: it is for the file of --config/,
  );
});
