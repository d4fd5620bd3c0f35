/** Tests two hubs on one Redis, as processes of their own, of which one is killed while updates flow. */
import assert from "node:assert/strict";
import { connect as dial, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { connect, type EventStream } from "../../lib/client/mod.ts";
import { grant, pattern, sign } from "../support/hub.ts";
import { HubProcess, untilTrue } from "../support/hub_process.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { sleep, until } from "../support/wait.ts";

const BELOW = "/.well-known/mercure/subscriptions";
const READERS = 40;
// What the list may take to be right, in milliseconds.
const SOON = 15_000;
const LIMIT = { timeout: 240_000, skip: noRedis };

/** Leads each connection to the next hub that takes it, as a load balancer does. */
class Balancer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#sockets = sockets;
  }

  static async start(ports: readonly number[]): Promise<Balancer> {
    const sockets = new Set<Socket>();
    let turn = 0;
    const lead = (client: Socket, tries: number) => {
      const hub = dial(ports[turn++ % ports.length]!, "127.0.0.1");
      let isUp = false;
      hub.once("connect", () => {
        isUp = true;
        client.pipe(hub).pipe(client);
      });
      hub.once("error", () => {
        if (isUp || tries === 0) client.destroy();
        else lead(client, tries - 1);
      });
      hub.once("close", () => isUp && client.destroy());
      client.once("close", () => hub.destroy());
    };
    const server = createServer((client) => {
      sockets.add(client);
      client.on("error", () => {});
      client.once("close", () => sockets.delete(client));
      lead(client, ports.length);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Balancer(server, (server.address() as { port: number }).port, sockets);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** What a reader got, over all its connections. */
class Numbers {
  readonly seen = new Set<number>();
  gaps = 0;
  readonly #stream: EventStream;

  constructor(url: string) {
    this.#stream = connect(url, { retry: { base: 50, max: 500 } });
    void this.#read();
  }

  async #read(): Promise<void> {
    for await (const item of this.#stream) {
      if (item.kind === "gap") this.gaps++;
      else if (item.event === "message") this.seen.add(Number(item.data));
    }
  }

  close(): void {
    this.#stream.close();
  }
}

interface Told {
  readonly id: string;
  readonly match: string;
  readonly active: boolean;
}

test(
  "of two hubs one is killed under load: nothing is lost, and the list is right within 15 s",
  LIMIT,
  async () => {
    const redis = await RedisServer.start();
    const env = { REDIS_URL: redis.url };
    const hubs = await Promise.all([0, 1].map(() => HubProcess.start(["--subscriptions"], env)));
    const [first, second] = hubs as [HubProcess, HubProcess];
    const balancer = await Balancer.start(hubs.map(({ origin }) => Number(new URL(origin).port)));
    const url = `http://127.0.0.1:${balancer.port}/.well-known/mercure`;
    const token = await sign([
      grant("publish", "*"),
      grant("subscribe", pattern(`${BELOW}/*`), BELOW),
    ]);
    const headers = { authorization: `Bearer ${token}` };
    const list = async (hub: HubProcess) => {
      const response = await fetch(`${hub.origin}${BELOW}`, { headers });
      const { subscriptions } = await response.json() as { subscriptions: Told[] };
      return subscriptions.filter(({ match }) => match === "numbers");
    };
    const readers: Numbers[] = [];
    const told: Told[] = [];
    let isOver = false;
    const acknowledged: number[] = [];
    /** Publishes one number after the other, each until it is acknowledged. */
    const publish = async (lane: number) => {
      for (let number = lane; !isOver; number += 4) {
        for (let isDone = false; !isDone && !isOver;) {
          isDone = await fetch(url, {
            method: "POST",
            headers: { ...headers, connection: "close" },
            body: new URLSearchParams({ topic: "numbers", data: `${number}` }),
          }).then(async (response) => {
            await response.text();
            return response.ok;
          }, () => sleep(20).then(() => false));
          if (isDone) acknowledged.push(number);
        }
      }
    };
    let publishing: Promise<unknown> = Promise.resolve();
    const watcher = connect(`${second.address}?match_urlpattern=${BELOW}/*`, { headers });
    try {
      for (const hub of hubs) await untilTrue(() => hub.isReady(), "its readiness");
      void (async () => {
        for await (const item of watcher) {
          if (item.kind === "event" && item.event === "mercure") told.push(JSON.parse(item.data));
        }
      })().catch(() => {});
      for (let i = 0; i < READERS; i++) readers.push(new Numbers(`${url}?match=numbers`));
      for (const hub of hubs) {
        await untilTrue(async () => (await list(hub)).length === READERS, "all are listed, at both");
      }
      publishing = Promise.all([0, 1, 2, 3].map(publish));
      await until(() => acknowledged.length > 200, "updates flow", 60_000);
      const before = (await list(second)).map(({ id }) => id);
      first.signal("SIGKILL");
      const killed = performance.now();
      // A reader that came back has a new subscription; those of the killed hub are in the list until it is given up.
      let current: string[] = [];
      await untilTrue(async () => {
        current = (await list(second)).map(({ id }) => id);
        return current.length === READERS && current.some((id) => !before.includes(id));
      }, "the list is right again");
      const took = performance.now() - killed;
      const ended = before.filter((id) => !current.includes(id));
      assert.ok(
        ended.length > 0 && ended.length < READERS,
        `${ended.length} of ${READERS} were at the first hub`,
      );
      assert.ok(took < SOON, `The list was right after ${Math.round(took)} ms`);
      console.log(
        `${ended.length} subscriptions were over, and the list was right, after ${Math.round(took)} ms`,
      );
      const ends = (id: string) => told.filter((each) => each.id === id && !each.active).length;
      await until(() => ended.every((id) => ends(id) > 0), "all ends are told", 60_000);
      const some = acknowledged.length;
      await until(() => acknowledged.length > some + 200, "updates flow on", 60_000);
      isOver = true;
      await publishing;
      for (const reader of readers) {
        await until(
          () => reader.gaps > 0 || acknowledged.every((number) => reader.seen.has(number)),
          "each reader has all that was acknowledged, or was told of a gap",
          60_000,
        );
        assert.equal(reader.gaps, 0);
      }
      for (const id of ended) assert.equal(ends(id), 1, "each end is told once");
      for (const id of current) assert.equal(ends(id), 0, "nobody's end is told who is there");
    } finally {
      isOver = true;
      watcher.close();
      for (const reader of readers) reader.close();
      await publishing;
      for (const hub of hubs) hub.signal("SIGKILL");
      balancer.close();
      await redis.stop();
    }
  },
);
