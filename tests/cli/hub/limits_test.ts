/** Tests the limits that `tidings hub` is given: they hold, and one that can hold nobody back is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grant, sign } from "../../support/hub.ts";
import { COMMAND, HubProcess } from "../../support/hub_process.ts";
import { runModule } from "../../support/spawn.ts";

test("streams are counted in all and by the address that the proxy saw, and updates by publisher", async () => {
  const limits = ["--limits", "streams=3, streamsPerAddress=1,publishRate=2"];
  const hub = await HubProcess.start(["--memory", ...limits, "--address-header", "X-Forwarded-For"]);
  const left = new AbortController();
  // Node gives up a response that nobody holds.
  const responses: Response[] = [];
  try {
    const from = async (forwarded?: string) => {
      const response = await fetch(`${hub.address}?match=a`, {
        headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
        signal: left.signal,
      });
      responses.push(response);
      return response.status;
    };
    assert.equal(await from("192.0.2.1"), 200);
    assert.equal(await from("192.0.2.1"), 429);
    // What a client sends itself stands before what the proxy adds.
    assert.equal(await from("192.0.2.9, 192.0.2.1"), 429);
    assert.equal(await from("192.0.2.1, 192.0.2.2"), 200);
    assert.equal(await from(), 200);
    assert.equal(await from("192.0.2.3"), 200);
    assert.match(await responses.at(-1)!.text(), /^retry: \d+\n/m, "a fourth stream is sent away");
    const token = await sign([grant("publish", "*")]);
    const published = await Promise.all([1, 2, 3, 4].map(async () => {
      const response = await fetch(hub.address, {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: new URLSearchParams({ topic: "a" }),
      });
      await response.text();
      return response.status;
    }));
    assert.ok(published.includes(429) && published.includes(200), `${published}`);
  } finally {
    left.abort();
    await hub.kill();
  }
});

test("limits that are of no use are refused in one line", async () => {
  const wrong: [string[], RegExp][] = [
    [
      ["--limits", "streams"],
      /^The setting "limits" must be a list such as streams=9000.*received "streams"/,
    ],
    [["--limits", "streams=many"], /^The setting "limits" must be a list such as .*received "streams=many"/],
    [["--limits", "streams=1,streams=2"], /^The setting "limits" must name each limit once.*"streams" twice/],
    [["--limits", "stream=1"], /"stream" of limits: did you mean "streams"/],
    [["--limits", "streams=0"], /"limits\.streams" must be .*1/],
    [["--limits", "streamsPerAddress=5"], /"address-header" and streamsPerAddress in "limits" together/],
    [["--address-header", "x-real-ip"], /"address-header" and streamsPerAddress in "limits" together/],
    [
      ["--limits", "streamsPerAddress=5", "--address-header", "x real ip"],
      /^The setting "address-header" must be a header's name, received "x real ip"/,
    ],
  ];
  for (const [args, message] of wrong) {
    const env = { TIDINGS_JWT_SECRET: "a secret of at least thirty-two bytes" };
    const { code, stderr } = await runModule(COMMAND, {
      args: ["hub", "--memory", "--port", "0", ...args],
      env,
      ms: 60_000,
    });
    assert.equal(code, 1, `${args}: ${stderr}`);
    assert.match(stderr.trim(), message);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});
