/** Tests the figures of `tidings hub`: a parser of Prometheus's format reads them, and only the admin token opens them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exposition } from "../../../lib/cli/hub/exposition.ts";
import { Metrics } from "../../../lib/cli/hub/metrics.ts";
import { grant, ISSUER, SECRET, sign, URL_OF_HUB } from "../../support/hub.ts";
import { COMMAND, HubProcess, untilTrue } from "../../support/hub_process.ts";
import { runModule } from "../../support/spawn.ts";

interface ParsedFamily {
  name: string;
  type: string;
  help: string;
  metrics: {
    value?: string;
    labels?: Record<string, string>;
    buckets?: Record<string, string>;
    sum?: string;
    count?: string;
  }[];
}

// It comes without types.
const { default: parse } = await import("parse-prometheus-text-format" as string) as {
  default: (text: string) => ParsedFamily[];
};

const TOKEN = "an admin token that is long";
const ENV = {
  TIDINGS_URL: URL_OF_HUB,
  TIDINGS_JWT_ISSUER: ISSUER,
  TIDINGS_ANONYMOUS: "true",
  TIDINGS_ADMIN_TOKEN: TOKEN,
};
const PATH = new URL(URL_OF_HUB).pathname;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

async function read({ origin }: HubProcess): Promise<Map<string, ParsedFamily>> {
  const response = await fetch(`${origin}/metrics`, { headers: bearer(TOKEN) });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  return new Map(parse(await response.text()).map((family) => [family.name, family]));
}

test("a parser of the format reads all the figures, and they are right", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    const publish = async (token: string, topic: string) => {
      const body = new URLSearchParams({ topic, data: "x" });
      await (await fetch(hub.origin + PATH, { method: "POST", headers: bearer(token), body })).text();
    };
    const stream = await fetch(`${hub.origin}${PATH}?match=a&match=b&match=c`);
    const gone = new AbortController();
    await fetch(`${hub.origin}${PATH}?match=a`, { signal: gone.signal });
    const token = await sign([grant("publish", "a")]);
    for (let n = 0; n < 3; n++) await publish(token, "a");
    await publish(token, "b");
    await publish("x", "a");
    const value = (families: Map<string, ParsedFamily>, name: string) =>
      Number(families.get(name)!.metrics[0]!.value);
    gone.abort();
    await untilTrue(async () => value(await read(hub), "tidings_clients") === 1, "one stream left");
    const families = await read(hub);
    for (const { name, type, help } of families.values()) {
      assert.ok(help !== "", name);
      assert.equal(name.endsWith("_total"), type === "COUNTER", name);
    }
    assert.equal(value(families, "tidings_hub_subscriptions"), 3);
    assert.equal(value(families, "tidings_hub_published_total"), 3);
    assert.equal(value(families, "tidings_published_total"), 3);
    assert.equal(value(families, "tidings_hub_ready"), 1);
    assert.ok(value(families, "process_resident_memory_bytes") > 1e6);
    const byReason = (name: string) =>
      Object.fromEntries(families.get(name)!.metrics.map(({ labels, value }) => [labels!["reason"], value]));
    assert.deepEqual(byReason("tidings_hub_refused_total"), { "not-granted": "1", "token-refused": "1" });
    assert.deepEqual(byReason("tidings_closed_total"), { client: "1" });
    const [delay] = families.get("tidings_hub_publish_seconds")!.metrics;
    assert.equal(delay!.count, "3");
    assert.equal(delay!.buckets!["+Inf"], "3");
    assert.ok(Number(delay!.sum) >= 0);
    await stream.body!.cancel();
  } finally {
    await hub.kill();
  }
});

test("without the token, and where none is set, there are no figures", async () => {
  const hub = await HubProcess.startBare(["--memory"], ENV);
  try {
    const wrong: Record<string, string>[] = [{}, bearer("x"), bearer(`${TOKEN}x`), { cookie: TOKEN }];
    for (const headers of wrong) {
      const response = await fetch(`${hub.origin}/metrics`, { headers });
      assert.equal(response.status, 401);
      assert.equal(response.headers.get("www-authenticate"), "Bearer");
      assert.doesNotMatch(await response.text(), /tidings_/);
    }
    const inQuery = await fetch(`${hub.origin}/metrics?access_token=${encodeURIComponent(TOKEN)}`);
    assert.equal(inQuery.status, 401);
    await inQuery.text();
    // A token of the hub's own users is none of the operator's.
    const all = await sign([grant(["publish", "subscribe"], "*")]);
    assert.equal((await fetch(`${hub.origin}/metrics`, { headers: bearer(all) })).status, 401);
    await untilTrue(
      () => hub.lines().filter(({ event }) => event === "admin-refused").length === 6,
      "the log",
    );
    assert.ok(!hub.text.includes(TOKEN));
  } finally {
    await hub.kill();
  }
  const { TIDINGS_ADMIN_TOKEN: _, ...without } = ENV;
  const bare = await HubProcess.startBare(["--memory"], without);
  try {
    assert.equal((await fetch(`${bare.origin}/metrics`, { headers: bearer("") })).status, 404);
  } finally {
    await bare.kill();
  }
});

test("a token that is of no use is refused, and never shown", async () => {
  const wrong: [string, RegExp][] = [
    ["short-token", /must have at least 16 bytes, and has 11/],
    ["a token with a letter ö", /must be of ASCII characters/],
  ];
  for (const [token, message] of wrong) {
    const { code, stderr } = await runModule(COMMAND, {
      args: ["hub", "--memory"],
      env: { TIDINGS_JWT_SECRET: SECRET, TIDINGS_ADMIN_TOKEN: token },
    });
    assert.equal(code, 1);
    assert.match(stderr, message);
    assert.ok(!stderr.includes(token));
  }
});

test("a delay is counted in the bucket that it fits, and in all above", () => {
  const metrics = new Metrics("1.2.3");
  for (const milliseconds of [0, 1, 2, 300, 60_000]) {
    metrics.published({ topics: [], isPrivate: false, milliseconds });
  }
  const hub = {
    broadcaster: {
      stats: () => ({ clients: 0, lagging: 0, published: 0, delivered: 0, bytes: 0, refused: 0, dropped: 0 }),
      health: () => ({ ok: false }),
      state: "open",
    },
    stats: () => ({ published: 5, refused: {}, subscriptions: 0 }),
  };
  const families = parse(metrics.text(hub as unknown as Parameters<Metrics["text"]>[0]));
  const { buckets, sum, count } = families.find(({ name }) => name === "tidings_hub_publish_seconds")!
    .metrics[0]!;
  const { "0.001": first, "0.0025": second, "0.25": before, "0.5": half, "5": last, "+Inf": all } = buckets!;
  assert.deepEqual([first, second, before, half, last, all], ["2", "3", "3", "4", "4", "5"]);
  assert.deepEqual([Number(sum), count], [60.303, "5"]);
  assert.equal(families.find(({ name }) => name === "tidings_hub_ready")!.metrics[0]!.value, "0");
});

test("no value of a label breaks out of its line", () => {
  const reason = 'a"b\\c\nd 1\n# TYPE x counter';
  const text = exposition([
    { name: "x_total", type: "counter", help: "one\ntwo", samples: [{ value: 2, labels: { reason } }] },
  ]);
  const [family, ...more] = parse(text);
  assert.deepEqual(more, []);
  assert.deepEqual(family!.metrics, [{ value: "2", labels: { reason } }]);
});
