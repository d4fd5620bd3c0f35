/** Tests the cluster on each engine: what can be killed there is killed, and every number arrives once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { connect, type EventStream } from "../../lib/client/mod.ts";
import { Example } from "../support/example.ts";
import { noNats } from "../support/nats.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { noRedis } from "../support/redis.ts";
import { sqlite, SqliteFile } from "../support/sqlite.ts";
import { isThere } from "../support/processes.ts";
import { until } from "../support/wait.ts";

const noSqlite = sqlite === undefined && "there is no SQLite here";
const LIMIT = { timeout: 240_000 };

interface Machine {
  readonly name: string;
  readonly state: string;
  readonly ok?: boolean;
}

interface Figures {
  readonly engine: { readonly name: string; readonly title: string; readonly state: string };
  readonly nodes: readonly Machine[];
  readonly acknowledged: number;
}

/** A cluster, and a client that counts what it gets from it. */
class Run {
  readonly numbers: number[] = [];
  gaps = 0;
  readonly #port: number;
  readonly #env: Record<string, string>;
  #example!: Example;
  #stream: EventStream | undefined;

  constructor(port: number, env: Record<string, string>) {
    this.#port = port;
    this.#env = env;
  }

  static async start(env: Record<string, string>): Promise<Run> {
    const run = new Run(await freePort(), env);
    await run.begin();
    return run;
  }

  async begin(): Promise<void> {
    this.#example = new Example("cluster/server.ts", { PORT: `${this.#port}`, PROXY: "own", ...this.#env });
    await until(
      () => this.#example.url !== undefined || this.#example.code !== undefined,
      "the cluster runs",
      90_000,
    );
    assert.notEqual(this.#example.url, undefined, this.#example.stderr);
    if (this.#stream !== undefined) return;
    this.#stream = connect(`${this.#example.url}/events`, {
      retry: { base: 50, max: 500 },
      stallTimeout: 15_000,
    });
    void this.#read(this.#stream);
  }

  async #read(stream: EventStream): Promise<void> {
    for await (const item of stream) {
      if (item.kind === "gap") this.gaps++;
      else if (item.event === "message") this.numbers.push(Number(item.data));
    }
  }

  async figures(): Promise<Figures> {
    return await (await fetch(`${this.#example.url}/cluster/figures`)).json();
  }

  /** Waits until the figures are so. */
  async sees(holds: (figures: Figures) => boolean, what: string): Promise<void> {
    for (const end = Date.now() + 60_000; !holds(await this.figures());) {
      if (Date.now() > end) throw new Error(`${what}: ${JSON.stringify(await this.figures())}`);
    }
  }

  async act(on: string, act: string): Promise<number> {
    const response = await fetch(`${this.#example.url}/cluster/act?on=${on}&act=${act}`, { method: "POST" });
    await response.text();
    return response.status;
  }

  /** Waits for so many more numbers, and sees that none was lost or came twice. */
  async more(count: number): Promise<void> {
    const wanted = this.numbers.length + count;
    await until(() => this.numbers.length >= wanted, `${count} more numbers`, 60_000).catch((error) => {
      throw new Error(`${error.message}\n${this.#example.stdout}${this.#example.stderr}`);
    });
    this.numbers.forEach((number, index) => {
      if (index > 0) assert.equal(number, this.numbers[index - 1]! + 1);
    });
    assert.equal(this.gaps, 0);
  }

  /** kill -9, of what started the rest. */
  async kill(): Promise<void> {
    this.#example.signal("SIGKILL");
    await this.#example.ended();
  }

  /** Ends it as Ctrl+C does, and sees that nothing is left. */
  async end(): Promise<void> {
    this.#stream?.close();
    this.#example.signal("SIGINT");
    await this.#example.ended();
    assert.equal(this.#example.code, 0, this.#example.stderr);
    const pids = [...this.#example.stdout.matchAll(/is up, process (\d+)$/gm)].map(([, pid]) => Number(pid));
    assert.ok(pids.length >= 3);
    await until(() => !pids.some(isThere), "all that it started has ended");
  }

  /** Ends it, whatever its state. */
  async stop(): Promise<void> {
    this.#stream?.close();
    this.#example.signal("SIGTERM");
    await this.#example.ended();
  }
}

async function withRun(env: Record<string, string>, use: (run: Run) => Promise<void>): Promise<void> {
  const run = await Run.start(env);
  try {
    await use(run);
  } finally {
    await run.stop();
  }
}

const ENGINES: readonly [name: string, title: string, skip: string | false, hasServer: boolean][] = [
  ["redis", "Redis", noRedis, true],
  ["nats", "NATS JetStream", noNats, true],
  ["postgres", "Postgres", noPostgres, true],
  ["sqlite", "SQLite", noSqlite, false],
];

for (const [name, title, skip, hasServer] of ENGINES) {
  test(
    `${name}: what can be killed is killed, and every number arrives once`,
    { ...LIMIT, skip },
    () =>
      withRun({ ENGINE: name }, async (run) => {
        await run.more(20);
        const { engine, nodes } = await run.figures();
        assert.deepEqual(engine, { name, title, state: hasServer ? "up" : "file" });
        assert.equal(nodes.length, 3);
        // One of them had the client, which went on elsewhere.
        for (const node of nodes) {
          assert.equal(await run.act(node.name, "kill"), 200);
          await run.more(10);
          assert.equal(await run.act(node.name, "start"), 200);
          await run.sees((figures) => figures.nodes.every(({ ok }) => ok === true), `${node.name} is well`);
        }
        if (hasServer) {
          assert.equal(await run.act(name, "kill"), 200);
          assert.equal((await run.figures()).engine.state, "down");
          await run.sees((figures) => figures.nodes.every(({ ok }) => ok === false), "the nodes notice");
          assert.equal(await run.act(name, "start"), 200);
          await run.more(20);
          assert.equal(await run.act(name, "restart"), 200);
          assert.equal((await run.figures()).engine.state, "up");
        } else {
          assert.equal(await run.act(name, "kill"), 400, "there is nothing that could be killed");
        }
        assert.equal(await run.act(nodes[0]!.name, "restart"), 200);
        await run.sees((figures) => figures.nodes.every(({ ok }) => ok === true), "all are well");
        await run.more(40);
        await run.end();
      }),
  );
}

test(
  "a file of one's own: after kill -9 of all of it the numbers go on",
  { ...LIMIT, skip: noSqlite },
  async () => {
    const file = new SqliteFile();
    await withRun({ ENGINE: "sqlite", DATA: file.path }, async (run) => {
      await run.more(30);
      await run.kill();
      await run.begin();
      await run.more(30);
    });
    file.remove();
  },
);

test("a Postgres of one's own is used, and left alone", { ...LIMIT, skip: noPostgres }, async () => {
  const server = await PostgresServer.start();
  await withRun({ ENGINE: "postgres", DATABASE_URL: server.url }, async (run) => {
    await run.more(20);
    assert.deepEqual((await run.figures()).engine, {
      name: "postgres",
      title: "Postgres",
      state: "elsewhere",
    });
    assert.equal(await run.act("postgres", "kill"), 400);
    await run.kill();
    await run.begin();
    await run.more(20);
  });
  assert.equal(await server.command("SELECT 1"), "1");
  await server.stop();
});
