// One server of three is killed while all of them publish and their clients hop: nothing lost, nothing doubled.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createParser } from "eventsource-parser";
import { noRedis, RedisServer } from "./redis.ts";
import { runArguments, runtime } from "./runtime.ts";
import { sleep, until, within } from "./wait.ts";

const TOPICS = 100;
const CLIENTS = 300;
// Where several versions of Node are tested at once, this is not the place for measuring.
const RATE = process.version.startsWith("v20.") ? 2_000 : 300;

class Server {
  readonly child: ChildProcess;
  port = 0;
  published: { counts: number[]; failed: number } | undefined;

  constructor(url: string, readonly name: string) {
    const path = fileURLToPath(new URL("./fixtures/cluster_node.ts", import.meta.url));
    const args = [...runArguments, path, url, name, `${RATE / 3}`, `${TOPICS}`];
    this.child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    this.child.stdout!.on("data", (chunk: unknown) => {
      said += String(chunk);
      this.port = Number(/port (\d+)\n/.exec(said)?.[1] ?? 0);
      const published = /published (.*)\n/.exec(said)?.[1];
      if (published !== undefined) this.published = JSON.parse(published);
    });
  }
}

class Client {
  /** What came of each server: the numbers begin where the client came, and have no hole. */
  readonly next = new Map<string, number>();
  readonly faults: string[] = [];
  server: Server | undefined;
  received = 0;
  gaps = 0;
  #lastEventId: string | undefined;
  #abort = new AbortController();
  #left = false;
  readonly #done: Promise<void>;

  constructor(readonly topic: string, readonly pick: () => Server) {
    this.#done = this.#run();
  }

  hop(): void {
    this.#abort.abort();
  }

  async leave(): Promise<void> {
    this.#left = true;
    this.hop();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#left) {
      this.#abort = new AbortController();
      this.server = this.pick();
      await this.#read(this.server, this.#abort.signal).catch(() => {});
      await sleep(10);
    }
  }

  async #read(server: Server, signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = {};
    if (this.#lastEventId !== undefined) headers["last-event-id"] = this.#lastEventId;
    const response = await fetch(`http://127.0.0.1:${server.port}/?topic=${this.topic}`, { headers, signal });
    const parser = createParser({
      onEvent: ({ event, data, id }) => {
        if (id !== undefined) this.#lastEventId = id;
        if (event === "gap") this.gaps++;
        else if (event === undefined) this.#take(data);
      },
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }));
  }

  #take(data: string): void {
    this.received++;
    const [name, number] = data.split(":") as [string, string];
    const expected = this.next.get(name) ?? Number(number);
    if (Number(number) !== expected) this.faults.push(`${data} came instead of ${expected}`);
    this.next.set(name, Number(number) + 1);
  }
}

const title = `one of three servers is killed, ${RATE} messages a second, ${CLIENTS} clients hopping`;
test(title, { skip: noRedis || runtime !== "node" && "driven from Node", timeout: 120_000 }, async () => {
  const redis = await RedisServer.start();
  const servers = ["a", "b", "c"].map((name) => new Server(redis.url, name));
  let alive = servers;
  try {
    await until(() => servers.every(({ port }) => port > 0), "all servers listen");
    const pick = () => alive[Math.floor(Math.random() * alive.length)]!;
    const clients = Array.from({ length: CLIENTS }, (_, i) => new Client(`${i % TOPICS}`, pick));
    await until(() => clients.every(({ received }) => received > 0), "all clients receive");
    const hopping = setInterval(() => {
      for (let i = 0; i < 6; i++) clients[Math.floor(Math.random() * CLIENTS)]!.hop();
    }, 20);

    await sleep(2_000);
    const [killed, ...others] = servers as [Server, Server, Server];
    const affected = clients.filter(({ server }) => server === killed).map((client) => ({
      client,
      before: client.received,
    }));
    alive = others;
    killed.child.kill("SIGKILL");
    const at = performance.now();
    await until(() => affected.every(({ client, before }) => client.received > before), "all receive again");
    const recovery = performance.now() - at;
    await sleep(2_000);
    clearInterval(hopping);

    for (const { child } of others) child.kill("SIGTERM");
    await until(() => others.every(({ published }) => published !== undefined), "the others are through");
    for (const { name, published } of others) {
      assert.equal(published!.failed, 0);
      const all = () =>
        clients.every(({ topic, next }) => next.get(name) === published!.counts[Number(topic)]);
      await until(all, `every client has all of ${name}`);
    }
    // What the killed one had sent reaches all clients of a topic alike.
    const ends = () =>
      clients.every(({ topic, next }) => next.get("a") === clients[Number(topic)]!.next.get("a"));
    await until(ends, "every client has the same of a");
    const received = clients.reduce((sum, client) => sum + client.received, 0);
    for (const { faults, gaps } of clients) assert.deepEqual({ faults, gaps }, { faults: [], gaps: 0 });
    console.log(
      `${received} received, 0 lost, 0 doubled; the ${affected.length} clients of the killed server were back within ${
        recovery.toFixed(0)
      } ms`,
    );
    await within(Promise.all(clients.map((client) => client.leave())), "all left");
  } finally {
    for (const { child } of servers) child.kill("SIGKILL");
    await redis.stop();
  }
});
