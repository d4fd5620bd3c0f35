/**
 * Checks the promise of transactional publishing in Postgres, as a property: whatever eight writers do at once in transactions
 * of their own, what was committed is received, once, in one order that is that of the commits. A plan comes from a seed.
 *
 * @module
 */

import assert from "node:assert/strict";
import pg from "pg";
import { type PostgresLog, postgresLog, type PostgresTransaction } from "../../lib/postgres/mod.ts";
import { Broadcaster } from "../../mod.ts";
import { HoppingClient } from "./hopping_client.ts";
import { request } from "./memory_client.ts";
import type { PostgresServer } from "./postgres.ts";
import { clientKinds, type OpenClient } from "./postgres_clients.ts";
import { Random } from "./random.ts";
import { playPlan } from "./seeded_plans.ts";
import { sleep, until } from "./wait.ts";

/** What came of a plan, to see that there was something to go wrong. */
export interface TransactionFigures {
  /** Transactions, by how they ended. */
  committed: number;
  rolledBack: number;
  /** Those that waited inside until others had committed, with events of their own published before. */
  overtaken: number;
  /** Those that took their numbers long before they committed. */
  numberedEarly: number;
  /** Those that Postgres ended, as no order of the others could have come before them. */
  refused: number;
  /** Events that were committed, and what clients received. */
  events: number;
  received: number;
  connections: number;
}

const WRITERS = 8;
// How many writers may wait for others at a time.
const MOST_HOLDING = 3;

/** A transaction, or a single event, that was committed. */
interface Committed {
  readonly events: readonly string[];
  /** When its commit had not begun, and when it was known to be over, by the plan's own count. */
  readonly before: number;
  readonly after: number;
}

interface Node {
  readonly client: OpenClient;
  readonly log: PostgresLog;
  readonly feed: Broadcaster;
}

/** What plays plans, one after the other, over the same clients. */
export class TransactionPlayer {
  readonly #clients: readonly OpenClient[];
  readonly #operator: pg.Pool;

  private constructor(clients: readonly OpenClient[], operator: pg.Pool) {
    this.#clients = clients;
    this.#operator = operator;
  }

  /** Makes what all players of a server need. */
  static async prepare(server: PostgresServer): Promise<void> {
    await server.command("CREATE TABLE ledger (plan int, data text, PRIMARY KEY (plan, data))");
  }

  static start(server: PostgresServer): TransactionPlayer {
    const operator = new pg.Pool({ connectionString: server.url, max: 2 });
    // Each kind of client twice.
    const clients = [...clientKinds, ...clientKinds].map(({ open }) => open(server.url));
    return new TransactionPlayer(clients, operator);
  }

  play(seed: number): Promise<TransactionFigures> {
    return playPlan(seed, new Plan(seed, this.#clients, this.#operator));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.#operator.end();
  }
}

class Plan {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clients: readonly OpenClient[];
  readonly #operator: pg.Pool;
  readonly #nodes: Node[] = [];
  readonly #readers: HoppingClient[] = [];
  /** Those that have something to do still, and those of them that wait for others. */
  #writing = WRITERS;
  #holding = 0;
  #commits = 0;
  #ticks = 0;
  readonly #committed: Committed[] = [];
  readonly #figures: TransactionFigures = {
    committed: 0,
    rolledBack: 0,
    overtaken: 0,
    numberedEarly: 0,
    refused: 0,
    events: 0,
    received: 0,
    connections: 0,
  };

  constructor(seed: number, clients: readonly OpenClient[], operator: pg.Pool) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#clients = clients;
    this.#operator = operator;
  }

  get #table(): string {
    return `plan_${this.#seed}`;
  }

  async play(): Promise<TransactionFigures> {
    const random = this.#random;
    for (let i = 2 + random.below(2); i > 0; i--) {
      const client = random.pick(this.#clients);
      const log = postgresLog(client.client, { table: this.#table, maxEvents: Infinity, migrate: true });
      const feed = new Broadcaster({
        backplane: log,
        // With little of its own a node reads for whoever comes back from the table.
        history: { events: random.pick([3, 10_000]) },
        publishTimeout: 30_000,
      });
      this.#nodes.push({ client, log, feed });
    }
    for (const { feed } of this.#nodes) await until(() => feed.health().ok, "each node is well");
    for (let i = 0; i < 4; i++) this.#readers.push(this.#reader());
    for (const reader of this.#readers) await reader.placed();

    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => this.#write(writer)));
    await random.pick(this.#nodes).feed.publish("end");
    // One that comes late has all that came after the place where another one began.
    this.#readers.push(this.#reader(this.#readers[0]!.first));
    for (const reader of this.#readers) {
      await until(() => reader.hasSeen("end"), "a client has read to the end").catch((error) => {
        throw new Error(`${error.message}; it is ${reader.state} and received ${reader.summary()}`);
      });
    }
    await this.#check();
    return this.#figures;
  }

  async end(): Promise<void> {
    for (const reader of this.#readers) await reader.leave();
    for (const { feed } of this.#nodes) await feed.close();
    await this.#operator.query(`DROP TABLE IF EXISTS tidings.${this.#table}`);
  }

  #reader(from?: string): HoppingClient {
    return new HoppingClient(
      (lastEventId) => {
        const { feed } = this.#random.pick(this.#nodes);
        return feed.subscribe(request({ lastEventId }), { topics: "*" }).body!;
      },
      { from },
    );
  }

  async #write(writer: number): Promise<void> {
    // Its own numbers, so that what it does does not hang on who was quicker.
    const random = new Random(this.#seed * WRITERS + writer);
    for (let round = 0, rounds = 2 + random.below(5); round < rounds; round++) {
      const node = random.pick(this.#nodes);
      const name = `${writer}.${round}`;
      if (random.oneIn(5)) await this.#append(random, node, name);
      else await this.#transact(random, node, name);
      if (random.oneIn(4)) random.pick(this.#readers).hop();
      if (random.oneIn(3)) await sleep(random.below(8));
    }
    this.#writing--;
  }

  /** Publishes without a transaction. */
  async #append(random: Random, { feed }: Node, name: string): Promise<void> {
    const all = Array.from({ length: 1 + random.below(4) }, (_, i) => `${name}.${i}`);
    await Promise.all(all.map(async (data) => {
      const before = ++this.#ticks;
      await feed.publish(data);
      this.#committed.push({ events: [data], before, after: ++this.#ticks });
    }));
    this.#commits++;
  }

  async #transact(random: Random, { client, log }: Node, name: string): Promise<void> {
    const isKept = random.below(4) > 0;
    let events: string[] = [];
    let [before, count] = [0, 0];
    try {
      await client.transact(async (tx) => {
        const publish = async (isPlain: boolean) => {
          const data = `${name}.${count++}`;
          if (isPlain) {
            await run(tx, `SELECT tidings.publish_payload('${this.#table}', '{"data":"${data}"}')`);
          } else await log.publishIn(tx, data);
          // What is beside it in the same transaction says what was committed, whatever the client believes.
          await run(tx, `INSERT INTO ledger VALUES (${this.#seed}, '${data}')`);
          events.push(data);
        };
        if (random.oneIn(4)) {
          const level = random.pick(["REPEATABLE READ", "SERIALIZABLE"]);
          await run(tx, `SET TRANSACTION ISOLATION LEVEL ${level}`);
        }
        let isNumbered = false;
        for (let step = 1 + random.below(5); step > 0; step--) {
          const what = random.below(12);
          if (what === 0) {
            const kept = events;
            events = [...events];
            await run(tx, "SAVEPOINT a");
            for (let i = random.below(3); i > 0; i--) await publish(false);
            if (random.oneIn(3)) await run(tx, "SET CONSTRAINTS ALL IMMEDIATE");
            await run(tx, "ROLLBACK TO SAVEPOINT a");
            events = kept;
          } else if (what === 1 && events.length > 0) {
            // From here on it holds its numbers, and everybody up who wants to have later ones.
            await run(tx, "SET CONSTRAINTS ALL IMMEDIATE");
            isNumbered = true;
            await sleep(random.below(15));
          } else if (what < 4 && !isNumbered) {
            await this.#holdUntilOthersCommit(1 + random.below(6));
          } else if (what === 4) {
            await sleep(random.below(10));
          } else {
            await publish(random.oneIn(3));
          }
        }
        if (isNumbered) this.#figures.numberedEarly++;
        if (!isKept) throw new Error("rolled back");
        before = ++this.#ticks;
      });
      this.#committed.push({ events, before, after: ++this.#ticks });
      this.#figures.committed++;
      this.#commits++;
    } catch (error) {
      const { message, code, errno } = error as Error & { code?: string; errno?: string };
      if (code === "40001" || errno === "40001") this.#figures.refused++;
      else if (message !== "rolled back") throw error;
      else this.#figures.rolledBack++;
    }
  }

  /** Waits within a transaction until others have committed so many more, or nobody is left who could. */
  async #holdUntilOthersCommit(count: number): Promise<void> {
    if (this.#holding >= MOST_HOLDING) return;
    const enough = this.#commits + count;
    this.#holding++;
    await until(() => this.#commits >= enough || this.#writing <= this.#holding, "others commit");
    this.#holding--;
    if (this.#commits >= enough) this.#figures.overtaken++;
  }

  async #check(): Promise<void> {
    const { rows } = await this.#operator.query<{ id: string; payload: string }>(
      `SELECT n || '-' || at AS id, payload FROM tidings.${this.#table} WHERE payload IS NOT NULL ORDER BY n`,
    );
    const order = rows.map(({ payload }) => (JSON.parse(payload) as { data: string }).data);
    const all = rows.map(({ id }, i) => `${order[i]}@${id}`);

    // Received is what is in the log, in its order, by everyone.
    for (const reader of this.#readers) {
      const received = reader.steps.map((step) => step.kind === "gap" ? "gap" : `${step.data}@${step.id}`);
      assert.deepEqual(received, all, "a client received something else than what the log holds");
      this.#figures.received += received.length;
      this.#figures.connections += reader.connections;
    }

    // In the log is what was committed, once.
    const ledger = await this.#operator.query<{ data: string }>(
      `SELECT data FROM ledger WHERE plan = ${this.#seed}`,
    );
    const transacted = this.#committed.filter(({ events }) => events.length > 0);
    const committed = transacted.flatMap(({ events }) => events);
    assert.equal(new Set(order).size, order.length, "an event is in the log twice");
    assert.deepEqual([...order].sort(), [...committed, "end"].sort(), "the log is not what was committed");
    const known = new Set(committed);
    for (const { data } of ledger.rows) assert.ok(known.has(data), `${data} was committed`);
    this.#figures.events += committed.length;

    // In the order of the commits: a transaction's events together, and after those of every one that was over before.
    const places = new Map(order.map((data, place) => [data, place]));
    let newest = 0;
    transacted.sort((a, b) => places.get(a.events[0]!)! - places.get(b.events[0]!)!);
    for (const { events, before, after } of transacted) {
      const first = places.get(events[0]!)!;
      assert.deepEqual(order.slice(first, first + events.length), events, "a transaction is torn apart");
      assert.ok(after > newest, `${events[0]} was committed before what stands before it`);
      newest = Math.max(newest, before);
    }
  }
}

/** Runs a statement of the test's own in a transaction. */
async function run(tx: PostgresTransaction, text: string): Promise<void> {
  await ("unsafe" in tx ? tx.unsafe(text) : tx.query(text));
}
