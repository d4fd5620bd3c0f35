// Tests the page on which a hub is tried: what one sends all receive, and nothing else of the hub is open to it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answered } from "../../../lib/cli/hub/answers.ts";
import { OperationLog } from "../../../lib/cli/hub/log.ts";
import { grant, ISSUER, sign, URL_OF_HUB } from "../../support/hub.ts";
import { HubProcess } from "../../support/hub_process.ts";
import { errorsPrinted } from "../../support/wait.ts";

const ENV = { TIDINGS_JWT_ISSUER: ISSUER, TIDINGS_URL: URL_OF_HUB };
const OWN = { "sec-fetch-site": "same-origin" };

function say(
  { origin }: HubProcess,
  text: unknown,
  headers: Record<string, string> = OWN,
): Promise<Response> {
  return fetch(`${origin}/demo/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ text }),
  });
}

async function statusOf(answer: Response | Promise<Response>): Promise<number> {
  const response = await answer;
  await response.body?.cancel();
  return response.status;
}

test("what one says on the demo page all who have it open receive, and nothing else", async () => {
  const hub = await HubProcess.startBare(["--memory", "--demo"], ENV);
  try {
    for (const path of ["", "/demo.js", "/client.js", "/base.css", "/page.css"]) {
      const response = await fetch(`${hub.origin}/demo${path}`);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get("content-security-policy")!, /default-src 'none'/);
      await response.body?.cancel();
    }
    const about = await (await fetch(`${hub.origin}/demo/about`, { headers: OWN })).json();
    assert.deepEqual(about, { url: URL_OF_HUB, issuer: ISSUER, topic: "https://example.com/demo" });
    // What the query asks for is not looked at.
    const open = (query = "") => fetch(`${hub.origin}/demo/events${query}`, { headers: OWN });
    const [one, other] = [await open(), await open("?match=*&match=secret")];
    const token = await sign([grant("publish", "*")]);
    await hub.publish(token, { topic: "secret", data: "not for the demo" });
    await hub.publish(token, { topic: "secret", data: "nor this", private: "on" });
    assert.equal(await statusOf(say(hub, "Hello")), 200);
    hub.signal("SIGTERM");
    for (const response of [one, other]) {
      const said = (await response.text()).match(/^data: .+$/gm);
      assert.deepEqual(said, ["data: Hello"]);
    }
  } finally {
    await hub.kill();
  }
});

test("nothing but a line is published by it, and nothing from another page", async () => {
  const hub = await HubProcess.startBare(["--memory", "--demo"], ENV);
  try {
    for (const text of ["", "x".repeat(501), 7, undefined]) assert.equal(await statusOf(say(hub, text)), 400);
    const elsewhere: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { origin: "https://evil.example" },
    ];
    for (const headers of elsewhere) {
      assert.equal(await statusOf(say(hub, "Hello", headers)), 403, JSON.stringify(headers));
    }
    assert.equal(await statusOf(say(hub, "Hello", { ...OWN, "content-type": "text/plain" })), 415);
    const strange = { "sec-fetch-site": "cross-site" };
    assert.equal(await statusOf(fetch(`${hub.origin}/demo/events`, { headers: strange })), 403);
  } finally {
    await hub.kill();
  }
});

test("without being asked for it is not there", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    assert.equal(await statusOf(fetch(`${hub.origin}/demo`)), 404);
    assert.equal(await statusOf(say(hub, "Hello")), 404);
  } finally {
    await hub.kill();
  }
});

test("what goes wrong inside is told to the operator, and not to whoever has the page", async () => {
  const fail = () => {
    throw new Error("redis://hub:password@10.0.0.1 is away");
  };
  let text = "";
  const printed = await errorsPrinted(async () => {
    const response = await answered(fail, new OperationLog("json", []));
    assert.equal(response.status, 503);
    text = await response.text();
  });
  assert.doesNotMatch(text, /redis/);
  assert.match(printed.join(""), /redis:.* is away/);
});
