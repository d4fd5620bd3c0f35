// Tests broadcasters over SQLite, and what may happen to the file and to the processes that write it.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sqliteLog, type SqliteLogOptions } from "../../lib/sqlite/mod.ts";
import { Broadcaster, type TidingsError } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { runArguments } from "../support/runtime.ts";
import { sqlite, SqliteFile, type SqliteKind, sqliteKinds } from "../support/sqlite.ts";
import { PATIENCE, sleep, until, within } from "../support/wait.ts";

/** Broadcasters over one file, and what is told of them. */
class Place {
  readonly file: SqliteFile;
  readonly errors: TidingsError[] = [];
  readonly #feeds: Broadcaster[] = [];
  readonly #clients: MemoryClient[] = [];

  constructor(kind?: SqliteKind) {
    this.file = new SqliteFile(kind);
  }

  /** A Broadcaster as one more process has it. */
  async feed(options: SqliteLogOptions = {}): Promise<Broadcaster> {
    const feed = new Broadcaster({
      backplane: sqliteLog(this.file.given, options),
      publishTimeout: 30_000,
      onError: (error) => void this.errors.push(error),
    });
    this.#feeds.push(feed);
    await until(() => feed.health().ok, "the broadcaster is well");
    return feed;
  }

  async client(feed: Broadcaster, lastEventId?: string): Promise<MemoryClient> {
    const client = new MemoryClient(feed.subscribe(request({ lastEventId }), { topics: "*" }));
    this.#clients.push(client);
    if (lastEventId === undefined) {
      await client.until(() => client.lastEventId !== undefined, "it has a place");
    }
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.leave().catch(() => {});
    for (const feed of this.#feeds) void feed.close();
    await sleep(20);
    this.file.remove();
  }
}

const check = (what: string, run: (place: Place) => Promise<void>, kind?: SqliteKind) =>
  test(`SQLite, ${(kind ?? sqlite)?.name}: ${what}`, { timeout: 90_000 }, async () => {
    const place = new Place(kind);
    try {
      await run(place);
    } finally {
      await place.close();
    }
  });

const data = (client: MemoryClient) => client.events.map(({ event, data }) => event === "gap" ? "gap" : data);
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
const publish = (feed: Broadcaster, from: number, to: number) =>
  Promise.all(numbers(from, to).map((each) => feed.publish(each)));
const reasons = (client: MemoryClient) =>
  client.events.filter(({ event }) => event === "gap").map(({ data }) => JSON.parse(data).reason);

check("what either process publishes reaches the clients of both, once and in one order", async (place) => {
  const feeds = [await place.feed(), await place.feed()];
  const clients = [await place.client(feeds[0]!), await place.client(feeds[1]!)];
  await Promise.all([publish(feeds[0]!, 1, 300), publish(feeds[1]!, 301, 600)]);
  for (const client of clients) await client.until(() => client.events.length === 600, "all events");
  assert.deepEqual(data(clients[0]!), data(clients[1]!));
  assert.deepEqual(new Set(data(clients[0]!)).size, 600);
  assert.deepEqual(place.errors, []);
});

check("a process that starts anew goes on where it was", async (place) => {
  const first = await place.feed();
  const client = await place.client(first);
  await publish(first, 1, 5);
  await client.until(() => client.events.length === 5, "all events");
  const id = client.events[2]!.id;
  await first.close();
  const second = await place.feed();
  await publish(second, 6, 7);
  const back = await place.client(second, id);
  await back.until(() => back.events.length === 4, "what it missed");
  assert.deepEqual(data(back), ["4", "5", "6", "7"]);
});

check(
  "an older backup is put back while it runs: told, and no other event is taken for a lost one",
  async (place) => {
    const feeds = [await place.feed(), await place.feed()];
    const clients = [await place.client(feeds[0]!), await place.client(feeds[1]!)];
    await publish(feeds[0]!, 1, 20);
    for (const client of clients) await client.until(() => client.events.length === 20, "all events");
    const backup = place.file.backUp();
    await publish(feeds[0]!, 21, 50);
    for (const client of clients) await client.until(() => client.events.length === 50, "all events");
    const lost = clients[0]!.events[39]!.id;
    place.file.putBack(backup);
    for (const client of clients) await client.until(() => data(client).includes("gap"), "it is told");
    // As many as were lost, and more: their numbers are given once more.
    await publish(feeds[1]!, 101, 160);
    for (const client of clients) {
      await client.until(() => data(client).at(-1) === "160", "what is new");
      assert.deepEqual(data(client).filter((each) => each !== "gap"), [
        ...numbers(1, 50),
        ...numbers(101, 160),
      ]);
    }
    const back = await place.client(feeds[0]!, lost);
    await back.until(() => back.events.length > 0, "it is told");
    assert.equal(data(back)[0], "gap");
  },
);

check("an older backup is put back while nobody runs: told", async (place) => {
  const first = await place.feed();
  const client = await place.client(first);
  await publish(first, 1, 20);
  await client.until(() => client.events.length === 20, "all events");
  const backup = place.file.backUp();
  await publish(first, 21, 50);
  await client.until(() => client.events.length === 50, "all events");
  const [kept, lost] = [client.events[9]!.id, client.events[39]!.id];
  await first.close();
  place.file.putBack(backup);
  const second = await place.feed();
  await publish(second, 101, 140);
  const back = await place.client(second, lost);
  await back.until(() => back.events.length > 0, "it is told");
  assert.equal(data(back)[0], "gap");
  const other = await place.client(second, kept);
  await other.until(() => other.events.length === 50, "what followed");
  assert.deepEqual(data(other), [...numbers(11, 20), ...numbers(101, 140)]);
});

for (
  const [how, sql] of [
    ["emptied", "DELETE FROM tidings_events"],
    ["dropped", "DROP TABLE tidings_events"],
    ["dropped with all", "DROP TABLE tidings_events; DROP TABLE tidings_events_trimmed"],
  ] as const
) {
  check(`the table is ${how} while it runs: one gap for each client, then it goes on`, async (place) => {
    const feeds = [await place.feed(), await place.feed()];
    const clients = [await place.client(feeds[0]!), await place.client(feeds[1]!)];
    await publish(feeds[0]!, 1, 20);
    for (const client of clients) await client.until(() => client.events.length === 20, "all events");
    const lost = clients[0]!.events[9]!.id;
    place.file.run(sql);
    await until(
      () => clients.every((client) => (void client.settle(), data(client).includes("gap"))),
      "each is told",
    );
    await publish(feeds[1]!, 21, 60);
    for (const client of clients) {
      await client.until(() => data(client).at(-1) === "60", "what is new");
      assert.deepEqual(data(client), [...numbers(1, 20), "gap", ...numbers(21, 60)]);
    }
    const back = await place.client(feeds[0]!, lost);
    await back.until(() => data(back).at(-1) === "60", "what is left");
    // Its process still has what the table has no more.
    assert.deepEqual(data(back), [...numbers(11, 20), "gap", ...numbers(21, 60)]);
  });
}

check(
  "trimmed by count: whoever is too far behind is told, whoever stands at the last that went is not",
  async (place) => {
    const feed = await place.feed({ maxEvents: 20 });
    const client = await place.client(feed);
    for (let i = 1; i <= 100; i++) await feed.publish(`${i}`);
    await client.until(() => client.events.length === 100, "all events");
    const [oldest] = place.file.all<{ id: number; many: number }>(
      "SELECT min(id) AS id, count(*) AS many FROM tidings_events",
    );
    assert.ok(Number(oldest!.many) >= 20 && Number(oldest!.many) <= 23, `${oldest!.many} are kept`);
    // Another process has nothing of its own, and asks the table.
    const other = await place.feed({ maxEvents: 20 });
    const edge = client.events.find(({ id }) => Number(id!.split("-")[0]) === Number(oldest!.id) - 1)!;
    const near = await place.client(other, edge.id);
    await near.until(() => data(near).at(-1) === "100", "what followed");
    assert.deepEqual(data(near), numbers(Number(edge.data) + 1, 100));
    const far = await place.client(other, client.events[9]!.id);
    await far.until(() => data(far).at(-1) === "100", "what is left");
    assert.equal(data(far)[0], "gap");
    assert.deepEqual(reasons(far), ["trimmed"]);
  },
);

check("trimmed by bytes and by age", async (place) => {
  const bytes = await place.feed({ table: "by_bytes", maxBytes: 100_000 });
  for (let i = 0; i < 60; i++) await bytes.publish("x".repeat(5_000));
  const [{ size }] = place.file.all<{ size: number }>(
    "SELECT sum(length(payload)) AS size FROM by_bytes",
  ) as [
    { size: number },
  ];
  assert.ok(Number(size) > 60_000 && Number(size) <= 105_000, `${size} bytes are kept`);

  const aged = await place.feed({ table: "by_age", maxAge: 1_000 });
  await publish(aged, 1, 50);
  place.file.run("UPDATE by_age SET at = at - 5000");
  let left = Infinity;
  for (let i = 51; left > 10 && i < 400; i++) {
    await aged.publish(`${i}`);
    left = Number(
      place.file.all<{ many: number }>(
        'SELECT count(*) AS many FROM by_age WHERE payload < \'{"data":"51\'',
      )[0]!.many,
    );
    await sleep(10);
  }
  assert.ok(left <= 10, `${left} of those that are too old are kept`);
});

check("a long backlog is trimmed in pieces", async (place) => {
  const first = await place.feed();
  await publish(first, 1, 4_500);
  await first.close();
  const second = await place.feed({ maxEvents: 100 });
  await second.publish("last");
  const count = () =>
    Number(place.file.all<{ many: number }>("SELECT count(*) AS many FROM tidings_events")[0]!.many);
  await until(() => count() <= 110, "it is trimmed, though nothing more is published");
});

check(
  "a transaction of somebody else's holds the lock: the event loop is free, and all is published",
  async (place) => {
    const feed = await place.feed();
    const client = await place.client(feed);
    place.file.run("BEGIN IMMEDIATE");
    const publishing = publish(feed, 1, 50);
    let longest = 0;
    let last = performance.now();
    const begun = last;
    while (performance.now() - begun < 1_000) {
      await sleep(1);
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }
    assert.deepEqual(data(client), []);
    place.file.run("COMMIT");
    await within(publishing, "all is published");
    await client.until(() => client.events.length === 50, "all events");
    assert.deepEqual(data(client), numbers(1, 50));
    assert.ok(longest < 500, `the event loop stood still for ${longest} ms`);
    assert.deepEqual(place.errors, []);
  },
);

check("a lock that is held for long is told, with what to do", async (place) => {
  const log = sqliteLog(place.file.given);
  await log.append({ messageId: "1", payload: "1" });
  place.file.run("BEGIN IMMEDIATE");
  const refused = log.append({ messageId: "2", payload: "2" });
  await assert.rejects(within(refused, "it is refused"), (error: TidingsError) => {
    assert.equal(error.code, "backplane-unavailable");
    assert.match(error.message, /another transaction holds the database.*COMMIT or ROLLBACK/);
    return true;
  });
  place.file.run("ROLLBACK");
  assert.match(await log.append({ messageId: "2", payload: "2" }), /-/);
  log.close?.();
});

check("a disk that is full is told; with room again it goes on", async (place) => {
  const { file } = place;
  // The library's own limit of pages fails as a full disk does.
  const Database = file.database().constructor as new (path: string) => ReturnType<SqliteFile["database"]>;
  class Small extends Database {
    constructor(path: string) {
      super(path);
      this.exec("PRAGMA max_page_count = 60");
    }
  }
  const log = sqliteLog(new Small(file.path), { maxEvents: Infinity });
  const feed = new Broadcaster({ backplane: log, publishTimeout: 4_000, onError: () => {} });
  await until(() => feed.health().ok, "the broadcaster is well");
  const client = await place.client(feed);
  let written = 0;
  let told: unknown;
  while (told === undefined && written < 200) {
    await feed.publish("x".repeat(4_000)).then(() => written++, (error) => told = error);
  }
  assert.ok(written > 20, `${written} were written`);
  assert.match(String(told), /there is no room left.*Make room, or keep less/);
  assert.equal(feed.health().ok, true, "what was given up is no longer waited for");
  file.run("DELETE FROM tidings_events WHERE id NOT IN (SELECT max(id) FROM tidings_events)");
  await feed.publish("there is room");
  await client.until(() => data(client).at(-1) === "there is room", "what was published after that");
  await feed.close();
});

check("a file that cannot be written is refused for good", async (place) => {
  const { file } = place;
  file.run("CREATE TABLE other (a)");
  const Database = file.database().constructor as new (
    path: string,
    options?: object,
  ) => ReturnType<SqliteFile["database"]>;
  class ReadOnly extends Database {
    constructor(path: string) {
      // Each library has its own word.
      super(path, { readOnly: true, readonly: true });
      this.exec("PRAGMA query_only = 1");
    }
  }
  const log = sqliteLog(new ReadOnly(file.path));
  await assert.rejects(
    log.append({ messageId: "1", payload: "1" }),
    (error: TidingsError & { permanent?: boolean }) => {
      assert.equal(error.code, "backplane-refused");
      assert.equal(error.permanent, true);
      assert.match(error.message, /cannot be written.*Let this user write the file and its folder/);
      return true;
    },
  );
  await assert.rejects(log.open(), { code: "backplane-refused" });
});

check(
  "a file that is no database is refused for good; a folder that is not there may come",
  async (place) => {
    const { file } = place;
    if (!sqlite.isBuiltin) return;
    const { writeFileSync } = await import("node:fs");
    writeFileSync(
      file.path,
      "no database at all, but a text that is long enough to be taken for a header, and longer still, up to the hundred bytes",
    );
    await assert.rejects(sqliteLog(file.path).append({ messageId: "1", payload: "1" }), {
      code: "backplane-refused",
    });
    const nowhere = sqliteLog(`${file.path}.folder/events.db`);
    await assert.rejects(nowhere.append({ messageId: "1", payload: "1" }), {
      code: "backplane-unavailable",
      message: /cannot be opened. Make its folder/,
    });
  },
);

/** A process that publishes until it is killed. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly name: string;
  readonly #file: SqliteFile;
  #next = 1;
  #child: ChildProcess | undefined;

  constructor(file: SqliteFile, name: string) {
    this.#file = file;
    this.name = name;
  }

  async start(): Promise<void> {
    const program = fileURLToPath(new URL("../support/fixtures/sqlite_writer.ts", import.meta.url));
    // Numbers that were not acknowledged may have been written all the same, so they are not used again.
    const args = [this.#file.path, this.#file.kind.name, this.name, `${this.#next += 10_000}`];
    const child = spawn(process.execPath, [...runArguments, program, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    this.#child = child;
    let rest = "";
    let isReady = false;
    child.stdout!.on("data", (chunk: unknown) => {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "ready") isReady = true;
        const [, texts, next] = /^acknowledged (\S*) next (\d+)$/.exec(line) ?? [];
        if (texts) this.acknowledged.push(...texts.split(","));
        if (next) this.#next = Math.max(this.#next, Number(next));
      }
    });
    await until(() => isReady || child.exitCode !== null, `${this.name} is ready`, 2 * PATIENCE);
    assert.equal(child.exitCode, null, `${this.name} has ended`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child!;
    const gone = new Promise((resolve) => child.once("close", resolve));
    process.kill(child.pid!, "SIGKILL");
    await within(gone, "it is gone");
  }
}

const ROUNDS = Number(process.env["SQLITE_ROUNDS"] ?? 2);
for (const kind of sqliteKinds.slice(0, 1)) {
  check(
    `four processes write, and each is killed again and again: what was committed is received, once, in one order`,
    async (place) => {
      const feeds = [await place.feed({ maxEvents: Infinity }), await place.feed({ maxEvents: Infinity })];
      const clients = [await place.client(feeds[0]!), await place.client(feeds[1]!)];
      const writers = ["a", "b", "c", "d"].map((name) => new Writer(place.file, name));
      await Promise.all(writers.map((writer) => writer.start()));
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all(writers.map(async (writer) => {
          const before = writer.acknowledged.length;
          const more = Math.floor(Math.random() * 150);
          await until(
            () => writer.acknowledged.length > before + more,
            `${writer.name} has written`,
            2 * PATIENCE,
          );
          await writer.kill();
          if (round < ROUNDS - 1) await writer.start();
        }));
      }
      const rows = place.file.all<{ payload: string | null }>(
        "SELECT payload FROM tidings_events ORDER BY id",
      );
      const written = rows.flatMap(({ payload }) =>
        payload === null ? [] : [JSON.parse(payload).data as string]
      );
      for (const client of clients) {
        await client.until(() => client.events.length >= written.length, "all that was written");
        assert.deepEqual(data(client), written);
      }
      assert.equal(new Set(written).size, written.length, "nothing was written twice");
      const orders = place.file.all<{ writer: string; number: number }>("SELECT writer, number FROM orders");
      const published = written.filter((text) => text.includes("order"));
      assert.deepEqual(
        published.sort(),
        orders.map(({ writer, number }) => `${writer}:order ${number}`).sort(),
      );
      assert.ok(orders.length > 0);
      const known = new Set(written);
      for (const { acknowledged } of writers) {
        for (const text of acknowledged) {
          assert.ok(known.has(text), `${text} was acknowledged and is not there`);
        }
      }
      for (const { name } of writers) {
        const own = written.filter((text) => text.startsWith(`${name}:`) && !text.includes("order"))
          .map((text) => Number(text.slice(2)));
        for (const [index, number] of own.entries()) assert.ok(index === 0 || number > own[index - 1]!);
      }
      assert.deepEqual(place.errors, []);
    },
    kind,
  );
}
