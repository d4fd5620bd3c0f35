/** Runs what deploy/compose.yaml describes, without containers: Redis, two hubs, and Caddy by its file, through a hub's death. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { connect } from "../../lib/client/mod.ts";
import { noCaddy, startCaddy } from "../support/caddy.ts";
import { grant, SECRET, sign } from "../support/hub.ts";
import { HubProcess } from "../support/hub_process.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { PATIENCE, sleep, until } from "../support/wait.ts";

test("a stream through Caddy gets each update at once and once, whichever of the two hubs dies", {
  skip: noRedis || noCaddy(),
}, async () => {
  const redis = await RedisServer.start();
  const front = `http://127.0.0.1:${await freePort()}`;
  const address = `${front}/.well-known/mercure`;
  const ports = [await freePort(), await freePort()];
  const env = {
    TIDINGS_JWT_SECRET: SECRET,
    TIDINGS_URL: address,
    TIDINGS_ANONYMOUS: "true",
    REDIS_URL: redis.url,
  };
  const start = async (index: number) => {
    const hub = await HubProcess.startBare(["--port", `${ports[index]!}`], env);
    await hub.untilReady();
    return hub;
  };
  const hubs: HubProcess[] = [await start(0), await start(1)];
  const ours = readFileSync(new URL("../../deploy/Caddyfile", import.meta.url), "utf8");
  assert.match(ours, /reverse_proxy hub1:8080 hub2:8080 /);
  const caddy = startCaddy(
    ours.replace("hub1:8080", `127.0.0.1:${ports[0]}`).replace("hub2:8080", `127.0.0.1:${ports[1]}`),
    { SITE: front },
  );
  const claims = { iss: front, aud: address };
  const authorization = `Bearer ${await sign([grant("publish", "*")], { claims })}`;
  const stream = connect(`${address}?match=orders`);
  try {
    const deadline = performance.now() + PATIENCE;
    while (!await fetch(`${front}/readyz`).then(({ ok }) => ok, () => false)) {
      if (performance.now() > deadline) throw new Error(`Caddy does not answer: ${caddy.said()}`);
      await sleep(20);
    }
    const got: string[] = [];
    void (async () => {
      for await (const item of stream) got.push(item.kind === "gap" ? "gap" : String(item.data));
    })();
    await until(() => stream.state === "open", "a stream through Caddy");
    const wanted: string[] = [];
    const publish = async (data: string) => {
      const body = new URLSearchParams({ topic: "orders", data });
      // What was on its way to a hub that died is answered 502, and a publisher tries again.
      const deadline = performance.now() + PATIENCE;
      for (;;) {
        const { status } = await fetch(address, { method: "POST", headers: { authorization }, body });
        if (status === 200) break;
        assert.ok(
          [502, 503].includes(status) && performance.now() < deadline,
          `${status}: ${caddy.said().slice(-500)}`,
        );
        await sleep(50);
      }
      wanted.push(data);
      await until(
        () => got.length >= wanted.length,
        `${data} arrived, after ${got}: ${caddy.said().slice(-500)}`,
      );
    };
    await publish("both");
    await hubs[0]!.kill();
    await publish("without the first");
    hubs[0] = await start(0);
    await hubs[1]!.kill();
    await publish("without the second");
    hubs[1] = await start(1);
    await publish("both again");
    assert.deepEqual(got, wanted);
  } finally {
    stream.close();
    await caddy.end();
    for (const hub of hubs) await hub.kill();
    await redis.stop();
  }
});
