// Kills one server of three while all of them publish and their clients hop: nothing lost, nothing doubled.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createParser } from "eventsource-parser";
import { runtimes } from "../../examples/cluster/parts/programs.ts";
import { noRedis, RedisServer } from "./redis.ts";
import { runArguments, runtime } from "./runtime.ts";
import { sleep, until, within } from "./wait.ts";

const TOPICS = 100;
const CLIENTS = 300;
// Where several versions of Node are tested at once, this is not the place for measuring.
const HIGH_RATE = process.version.startsWith("v20.") ? 2_000 : 300;
const LOW_RATE = 300;
// How long anything may take, in milliseconds: three servers and their load share the processors with other tests.
const BUSY = 60_000;

class Server {
  readonly child: ChildProcess;
  port = 0;
  published: { counts: number[]; failed: number } | undefined;

  /** @param command What a TypeScript file's path follows. */
  constructor([program, ...flags]: readonly string[], url: string, readonly name: string, rate: number) {
    const path = fileURLToPath(new URL("./fixtures/cluster_node.ts", import.meta.url));
    const args = [...flags, path, url, name, `${rate / 3}`, `${TOPICS}`];
    this.child = spawn(program!, args, { stdio: ["ignore", "pipe", "inherit"] });
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

/** Three servers, by name and the command that starts a program, of which the first is killed. */
type Commands = readonly (readonly [name: string, command: readonly string[]])[];

async function killFirst(commands: Commands, rate: number): Promise<void> {
  const redis = await RedisServer.start();
  const servers = commands.map(([name, command]) => new Server(command, redis.url, name, rate));
  let alive = servers;
  let clients: Client[] = [];
  let hopping: ReturnType<typeof setInterval> | undefined;
  try {
    await until(() => servers.every(({ port }) => port > 0), "all servers listen", BUSY);
    const pick = () => alive[Math.floor(Math.random() * alive.length)]!;
    clients = Array.from({ length: CLIENTS }, (_, i) => new Client(`${i % TOPICS}`, pick));
    await until(() => clients.every(({ received }) => received > 0), "all clients receive", BUSY);
    hopping = setInterval(() => {
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
    await until(
      () => affected.every(({ client, before }) => client.received > before),
      "all receive again",
      BUSY,
    );
    const recovery = performance.now() - at;
    await sleep(2_000);
    clearInterval(hopping);

    for (const { child } of others) child.kill("SIGTERM");
    await until(
      () => others.every(({ published }) => published !== undefined),
      "the others are through",
      BUSY,
    );
    for (const { name, published } of others) {
      assert.equal(published!.failed, 0);
      const all = () =>
        clients.every(({ topic, next }) => next.get(name) === published!.counts[Number(topic)]);
      await until(all, `every client has all of ${name}`, BUSY);
    }
    // What the killed one had sent reaches all clients of a topic alike.
    const ends = () =>
      clients.every(({ topic, next }) => {
        return next.get(killed.name) === clients[Number(topic)]!.next.get(killed.name);
      });
    await until(ends, `every client has the same of ${killed.name}`, BUSY);
    const received = clients.reduce((sum, client) => sum + client.received, 0);
    for (const { faults, gaps } of clients) assert.deepEqual({ faults, gaps }, { faults: [], gaps: 0 });
    console.log(
      `${killed.name} killed: ${received} received, 0 lost, 0 doubled; the ${affected.length} clients of the killed server were back within ${
        recovery.toFixed(0)
      } ms`,
    );
  } finally {
    // Also after a failure: a client that is left comes back for ever, and would keep this process alive.
    clearInterval(hopping);
    await within(Promise.all(clients.map((client) => client.leave())), "all left", BUSY);
    for (const { child } of servers) child.kill("SIGKILL");
    await redis.stop();
  }
}

const skip = noRedis || runtime !== "node" && "driven from Node";
const own = [process.execPath, ...runArguments];

test(`one of three servers is killed, ${HIGH_RATE} messages a second, ${CLIENTS} clients hopping`, {
  skip,
  timeout: 300_000,
}, async () => {
  await killFirst([["node-1", own], ["node-2", own], ["node-3", own]], HIGH_RATE);
});

for (const [killed, other] of [["bun", "deno"], ["deno", "bun"]] as const) {
  const what = `${killed} is killed beside ${other} and node`;
  test(`${what}, ${LOW_RATE} messages a second, ${CLIENTS} clients hopping`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const found = new Map(runtimes().map(({ name, command }) => [name, command]));
    const commandOf = (name: string) => {
      const command = found.get(name);
      assert.ok(command !== undefined, `${name} does not start: run npm ci, then npm rebuild bun deno`);
      return [name, command] as const;
    };
    await killFirst([commandOf(killed), commandOf(other), ["node", own]], LOW_RATE);
  });
}
