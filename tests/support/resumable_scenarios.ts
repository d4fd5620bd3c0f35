/**
 * Tests what a resumable stream promises, whichever store it stands on.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamStore } from "../../lib/store/store.ts";
import { type ResumableOptions, ResumableStreams, type TidingsError } from "../../lib/resumable/mod.ts";
import type { StorePlace } from "./store_contract.ts";
import { MemoryClient, request } from "./memory_client.ts";
import { deferred, sleep, until, within } from "./wait.ts";

let made = 0;
const unique = () => `w${Date.now().toString(36)}${made++}`;

/** The processes of one test, each with its own store. */
interface Processes {
  /** A stream's id that no other test has. */
  readonly id: string;
  /** What was told to operators. */
  readonly told: unknown[];
  process(options?: ResumableOptions): ResumableStreams;
  /** Like a process that died: its store says and hears nothing from now on. */
  doomed(options?: ResumableOptions): { streams: ResumableStreams; die(): void };
}

/** A store that can be cut off from its engine at once, as by `kill -9`. */
function mortal(store: StreamStore): { store: StreamStore; die(): void } {
  let isDead = false;
  const dead = new Promise<never>(() => {});
  const stops = new Set<() => void>();
  const guard =
    <Args extends unknown[], T>(call: (...args: Args) => Promise<T>) => (...args: Args): Promise<T> =>
      isDead ? dead : call(...args).then((value) => isDead ? dead : value);
  const listen = (stop: () => void) => {
    stops.add(stop);
    return () => {
      stops.delete(stop);
      stop();
    };
  };
  return {
    die() {
      isDead = true;
      for (const stop of stops) stop();
      store.close();
    },
    store: {
      name: store.name,
      create: guard(store.create.bind(store)),
      append: guard(store.append.bind(store)),
      end: guard(store.end.bind(store)),
      claim: guard(store.claim.bind(store)),
      overdue: guard(store.overdue.bind(store)),
      read: guard(store.read.bind(store)),
      watch: (id, watcher) => listen(store.watch(id, watcher)),
      own: (owner, listener) => listen(store.own(owner, listener)),
      close: () => store.close(),
    },
  };
}

/** Runs the scenarios. `place` is opened once for each. */
export function resumableScenarios(name: string, openPlace: () => Promise<StorePlace>): void {
  const check = (what: string, run: (processes: Processes) => Promise<void>) =>
    test(`${name}: ${what}`, { timeout: 90_000 }, async () => {
      const place = await openPlace();
      const open: ResumableStreams[] = [];
      const dead: ResumableStreams[] = [];
      const told: unknown[] = [];
      const process = (options: ResumableOptions = {}) => {
        const streams = new ResumableStreams({
          store: place.open(),
          onError: (error) => void told.push(error),
          ...options,
        });
        open.push(streams);
        return streams;
      };
      try {
        await run({
          id: unique(),
          told,
          process,
          doomed(options) {
            const { store, die } = mortal(place.open());
            const streams = new ResumableStreams({ store, onError: () => {}, ...options });
            dead.push(streams);
            return { streams, die };
          },
        });
      } finally {
        // The dead never hear back from their stores, and give up after a while.
        for (const streams of dead) void streams.close();
        await Promise.all(open.map((streams) => streams.close()));
        await place.close();
      }
    });

  /** A client that reads on by itself. */
  const read = async (streams: ResumableStreams, id: string, lastEventId?: string) => {
    const response = await streams.subscribe(request({ lastEventId }), id);
    assert.equal(response.status, 200, response.status === 200 ? "" : await response.text());
    return new MemoryClient(response);
  };
  const allOf = async (client: MemoryClient) => {
    await client.until(() => client.ended !== "no", "the end of the stream");
    return client.events.map(({ event, data }) => `${event ?? "message"} ${data}`);
  };
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => `${from + i}`);
  const end = (state: string, events: number, reason?: string) =>
    `end ${JSON.stringify({ state, events, ...(reason !== undefined && { reason }) })}`;

  check(
    "a stream is read whole, on any process, while it runs and when it has ended",
    async ({ process, id }) => {
      const [runner, reader] = [process(), process()];
      const more = deferred();
      const { done, joined } = await runner.start(id, async function* () {
        yield { event: "token", data: "one" };
        yield { data: { two: 2 } };
        await more.promise;
        yield "three\nlines\n";
      });
      assert.equal(joined, false);
      const clients = [await read(runner, id), await read(reader, id)];
      for (const client of clients) await client.until(() => client.events.length === 2, "what is there");
      more.resolve();
      const ended = await done;
      assert.deepEqual(ended, { state: "complete", events: 3, reason: undefined, error: undefined });
      const all = ["token one", 'message {"two":2}', "message three\nlines\n", end("complete", 3)];
      for (const client of [...clients, await read(reader, id), await read(runner, id)]) {
        assert.deepEqual(await allOf(client), all);
        assert.equal(client.ended, "end");
      }
    },
  );

  check("whoever comes back goes on with the very next event, from every place", async ({ process, id }) => {
    const [runner, reader] = [process(), process()];
    await (await runner.start(id, numbers(1, 25))).done;
    const first = await read(reader, id);
    await allOf(first);
    const ids = first.events.map(({ id }) => id!);
    assert.equal(new Set(ids).size, 26);
    for (const [index, each] of ids.entries()) {
      assert.match(each, /^[!-~]{3,40}$/);
      if (index === 25) break;
      assert.deepEqual(await allOf(await read(index % 2 ? runner : reader, id, each)), [
        ...numbers(index + 2, 25).map((n) => `message ${n}`),
        end("complete", 25),
      ]);
    }
    const last = await reader.subscribe(request({ lastEventId: ids[25]! }), id);
    assert.equal(last.status, 204, "all was read");
  });

  check("other answers: 404, 400 and 204, each of one's own too", async ({ process, id }) => {
    const streams = process();
    const cors = { origins: ["http://page.test"] };
    const from = (lastEventId?: string) => {
      const plain = request({ lastEventId });
      const headers = new Headers(plain.headers);
      headers.set("origin", "http://page.test");
      return new Request(plain.url, { headers });
    };
    const unknown = await streams.subscribe(from(), id, { cors });
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers.get("access-control-allow-origin"), "http://page.test");
    const own = await streams.subscribe(from(), id, { unknown: () => new Response(null, { status: 204 }) });
    assert.equal(own.status, 204);
    const job = await streams.open(id);
    const at = await job.append("1");
    const [epoch] = at.split("-");
    for (
      const forged of [
        "1",
        "nonsense",
        `${epoch}x-1`,
        `${epoch}-2`,
        `${epoch}-999999999`,
        `${epoch}-01`,
        "三",
      ]
    ) {
      const header = String.fromCharCode(...new TextEncoder().encode(forged));
      const answer = await streams.subscribe(from(header), id, { cors });
      assert.equal(answer.status, 400, forged);
      assert.equal(answer.headers.get("access-control-allow-origin"), "http://page.test");
      await answer.body?.cancel();
    }
    await job.end();
    assert.equal((await streams.subscribe(from(`${epoch}-3`), id)).status, 400);
    assert.equal((await streams.subscribe(from(`${epoch}-2`), id)).status, 204);
    const finished = await streams.subscribe(from(`${epoch}-2`), id, {
      finished: ({ state, events }) => new Response(`${state} ${events}`, { status: 410 }),
    });
    assert.equal(finished.status, 410);
    assert.equal(await finished.text(), "complete 1");
    const again = process();
    await (await again.start(id, ["new"])).done;
    assert.equal((await streams.subscribe(from(at), id)).status, 400, "an id of the stream before");
    const head = await streams.subscribe(new Request("http://localhost/", { method: "HEAD" }), id);
    assert.equal(head.headers.get("content-type"), "text/event-stream");
  });

  check(
    "stop works from any process: the source's signal aborts and every reader gets the end",
    async ({ process, id, told }) => {
      const [runner, reader, stopper] = [process(), process(), process()];
      const aborted = deferred<unknown>();
      const { done } = await runner.start(id, async function* ({ signal }) {
        signal.addEventListener("abort", () => aborted.resolve(signal.reason));
        yield "1";
        await new Promise(() => {});
      });
      const clients = [await read(runner, id), await read(reader, id)];
      for (const client of clients) await client.until(() => client.events.length === 1, "what is there");
      const status = await stopper.stop(id, "enough");
      assert.equal(status?.state, "stopped");
      const { name } = await within(aborted.promise, "the source is told") as Error;
      assert.equal(name, "AbortError");
      assert.deepEqual(await within(done, "the end"), {
        state: "stopped",
        events: 1,
        reason: "enough",
        error: undefined,
      });
      for (const client of clients) {
        assert.deepEqual(await allOf(client), [
          "message 1",
          end("stopped", 1, "enough"),
        ]);
      }
      assert.equal((await stopper.stop(id))?.reason, "enough", "the first stop counts");
      assert.equal(await stopper.stop(`${id}none`), undefined);
      assert.deepEqual(told, []);
    },
  );

  check(
    "a source that throws: readers learn that it failed, the operator what",
    async ({ process, id, told }) => {
      const [runner, reader] = [process(), process()];
      const secret = new Error("the password is 1234");
      const { done } = await runner.start(id, async function* () {
        yield "1";
        throw secret;
      });
      const client = await read(reader, id);
      assert.deepEqual(await allOf(client), ["message 1", end("failed", 1)]);
      assert.equal((await done).error, secret);
      assert.deepEqual(told, [secret]);
      assert.ok(!client.chunks.some((chunk) => new TextDecoder().decode(chunk).includes("1234")));
      told.length = 0;
      await (await runner.start(`${id}b`, () => Promise.reject(secret))).done;
      assert.deepEqual(told, [secret]);
    },
  );

  check(
    "one that runs is taken; joining it leaves it alone; one that has ended is replaced",
    async ({ process, id }) => {
      const [a, b] = [process(), process()];
      const started = await Promise.allSettled(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 ? a : b).start(id, async function* () {
            yield `${i}`;
            await new Promise(() => {});
          })),
      );
      assert.equal(started.filter(({ status }) => status === "fulfilled").length, 1);
      for (const each of started) {
        if (each.status === "rejected") assert.equal((each.reason as TidingsError).code, "stream-taken");
      }
      const joined = await b.start(id, ["never"], { ifTaken: "join" });
      const done = joined.done;
      assert.ok(joined.joined, "it was not joined");
      while ((await a.status(id))?.events !== 1) await sleep(5);
      await a.stop(id, "over");
      assert.deepEqual(await within(done, "the joined one's end"), {
        state: "stopped",
        events: 1,
        reason: "over",
      });
      const again = await b.start(id, ["new"]);
      assert.equal((await again.done).state, "complete");
      assert.deepEqual(await allOf(await read(a, id)), ["message new", end("complete", 1)]);
    },
  );

  check(
    "a stream that nobody reads is abandoned, and one that somebody reads elsewhere is not",
    async ({ process, id }) => {
      const [runner, reader] = [process({ patience: 1_500 }), process()];
      const forever = async function* ({ signal }: { signal: AbortSignal }) {
        let n = 0;
        while (!signal.aborted) {
          yield `${++n}`;
          await sleep(50);
        }
      };
      const { done: read1 } = await runner.start(id, forever);
      const { done: unread } = await runner.start(`${id}u`, async function* () {
        yield "quiet";
        await new Promise(() => {});
      });
      const client = await read(reader, id);
      const ended = await within(unread, "the one that nobody reads ends");
      assert.equal(ended.state, "abandoned");
      await client.until(() => client.events.length > 40, "the other goes on");
      await client.leave();
      assert.equal((await within(read1, "it ends when its reader has left")).state, "abandoned");
      const late = await allOf(await read(reader, id));
      assert.match(late.at(-1)!, /^end \{"state":"abandoned"/);
    },
  );

  check("a process that dies: readers get the end as lost, in time", async ({ doomed, process, id }) => {
    const { streams, die } = doomed({ lease: 1_000 });
    const reader = process();
    await streams.start(id, async function* () {
      yield* ["1", "2"];
      await new Promise(() => {});
    });
    const client = await read(reader, id);
    await client.until(() => client.events.length === 2, "what is there");
    die();
    const start = Date.now();
    assert.deepEqual(await allOf(client), ["message 1", "message 2", end("lost", 2, "its process died")]);
    // The promise is the lease and 4 s; the rest is for a busy machine.
    assert.ok(Date.now() - start < 1_000 + 4_000 + 5_000, `${Date.now() - start} ms`);
    assert.equal((await reader.status(id))?.state, "lost");
    assert.deepEqual(await allOf(await read(reader, id)), [
      "message 1",
      "message 2",
      end("lost", 2, "its process died"),
    ]);
  });

  check(
    "the work of a process that dies is taken over from where it was, once",
    async ({ doomed, process, id }) => {
      const { streams, die } = doomed({ lease: 1_000 });
      const taken: string[] = [];
      const options: ResumableOptions = {
        lease: 1_000,
        async *onLost() {},
      } as unknown as ResumableOptions;
      options.onLost = (lost, { events, losses }) => {
        taken.push(`${lost} ${losses} ${events.map(({ data }) => data)}`);
        return numbers(events.length + 1, 5);
      };
      const others = [process(options), process(options), process(options)];
      const reader = process();
      await streams.start(id, async function* () {
        yield* numbers(1, 3);
        await new Promise(() => {});
      });
      const client = await read(reader, id);
      await client.until(() => client.events.length === 3, "what is there");
      die();
      assert.deepEqual(await allOf(client), [
        ...numbers(1, 5).map((n) => `message ${n}`),
        end("complete", 5),
      ]);
      assert.deepEqual(taken, [`${id} 1 1,2,3`]);
      assert.equal(others.length, 3);
    },
  );

  check("a process that slept through its lease does not write on", async ({ process, id }) => {
    // The lease is ended by hand: what the sleeper does then is what counts.
    const streams = process();
    const go = deferred();
    const seen: unknown[] = [];
    const { done } = await streams.start(id, async function* ({ signal }) {
      yield "1";
      await go.promise;
      yield "too late";
      seen.push(signal.aborted);
    });
    const reader = process();
    const client = await read(reader, id);
    await client.until(() => client.events.length === 1, "what is there");
    await reader.stop(id);
    go.resolve();
    assert.equal((await within(done, "the end")).state, "stopped");
    assert.deepEqual(await allOf(client), ["message 1", end("stopped", 1)]);
    assert.equal((await reader.status(id))?.events, 1);
  });

  check("what is over the limits is trimmed, and told as a gap", async ({ process, id }) => {
    const [runner, reader] = [process({ limits: { events: 10 } }), process()];
    const early = await (async () => {
      const job = await runner.open(id);
      const first = await job.append("1");
      for (const n of numbers(2, 40)) await job.append(n);
      await job.end();
      return first;
    })();
    const client = await read(reader, id);
    const all = await allOf(client);
    assert.match(all[0]!, /^gap \{"requested":"[^"]+-0","resumedAt":"[^"]+-30","reason":"trimmed"\}$/);
    assert.deepEqual(all.slice(1), [...numbers(31, 40).map((n) => `message ${n}`), end("complete", 40)]);
    const late = await allOf(await read(reader, id, early));
    assert.match(late[0]!, /-1","resumedAt":"[^"]+-30"/);
    assert.equal(late.length, 12);
    const events: string[] = [];
    for await (const { event, data } of reader.read(id)) events.push(`${event} ${data}`);
    assert.deepEqual(events, all);
  });

  check(
    "read() without HTTP: from the beginning, after an id, while it grows, until a signal",
    async ({ process, id }) => {
      const [runner, reader] = [process(), process()];
      const job = await runner.open(id);
      const at = await job.append({ id: "upstream 7", event: "token", data: "1" });
      await job.append({ comment: "nothing to see" });
      await job.append("2");
      const leaving = new AbortController();
      const seen: string[] = [];
      const reading = (async () => {
        for await (const { event, data, sourceId } of reader.read(id, { signal: leaving.signal })) {
          seen.push(`${event} ${data} ${sourceId}`);
        }
      })();
      await until(() => seen.length === 2, "what is there");
      await job.append("3");
      await until(() => seen.length === 3, "what is new");
      leaving.abort();
      await within(reading, "the signal ends it");
      assert.deepEqual(seen, ["token 1 upstream 7", "message 2 upstream 7", "message 3 upstream 7"]);
      await job.end();
      const after: string[] = [];
      for await (const { id: each, event, data } of reader.read(id, { after: at })) {
        after.push(
          `${each} ${event} ${data}`,
        );
      }
      const epoch = at.split("-")[0];
      assert.deepEqual(after, [
        `${epoch}-3 message 2`,
        `${epoch}-4 message 3`,
        `${epoch}-5 end {"state":"complete","events":4}`,
      ]);
      // With a signal that is aborted already, the id is checked and nothing is read.
      const signal = AbortSignal.abort();
      assert.equal((await reader.read(id, { after: at, signal }).next()).done, true);
      await assert.rejects(reader.read(id, { after: "x-1", signal }).next(), { code: "stream-cursor" });
      await assert.rejects(reader.read(id, { after: "x-1" }).next(), { code: "stream-cursor" });
      await assert.rejects(reader.read(`${id}none`).next(), { code: "stream-unknown" });
    },
  );

  check("a stream may have a patience of its own", async ({ process, id }) => {
    const streams = process({ patience: 1_000 });
    const [patient, other] = [`${id}-patient`, `${id}-other`];
    const job = await streams.open(patient, { patience: Infinity });
    const { done } = await streams.start(other, () => {});
    assert.equal((await within(done, "the one that nobody reads ends")).state, "abandoned");
    assert.equal(job.open, true);
    await job.append("still here");
    assert.equal((await job.end()).state, "complete");
    await assert.rejects(streams.open(id, { patience: 0 }), { name: "TypeError", message: /"patience"/ });
    await assert.rejects(streams.start(id, [], { patience: -1 }), {
      name: "TypeError",
      message: /"patience"/,
    });
  });

  check("a job says when the store has all of it", async ({ process, id }) => {
    const job = await process({ limits: { pending: 100 } }).open(id);
    void job.append("x".repeat(80));
    assert.throws(() => job.append("y".repeat(80)), { code: "stream-behind" });
    assert.equal(await job.ready(), true);
    await job.append("y".repeat(80));
    await job.end();
    assert.equal(await job.ready(), false);
  });

  check("status tells how a stream stands", async ({ process, id }) => {
    const [runner, reader] = [process(), process()];
    assert.equal(await reader.status(id), undefined);
    const job = await runner.open(id);
    await job.append("é");
    const running = (await reader.status(id))!;
    assert.equal(running.state, "running");
    assert.equal(running.events, 1);
    assert.equal(running.bytes, 10);
    assert.equal(running.endedAt, undefined);
    await job.fail(new Error("no"));
    const { state, startedAt, endedAt } = (await reader.status(id))!;
    assert.equal(state, "failed");
    assert.ok(endedAt!.getTime() >= startedAt.getTime() && startedAt.getTime() > 1_700_000_000_000);
    await assert.rejects(job.append("late"), { code: "stream-ended" });
  });

  check("a long stream is read through in pages, by many, from everywhere", async ({ process, id }) => {
    const [runner, reader] = [process(), process()];
    const text = "x".repeat(500);
    const { done } = await runner.start(id, async function* () {
      for (let n = 1; n <= 600; n++) {
        yield { event: "n", data: `${n} ${text}` };
        if (n % 50 === 0) await sleep(1);
      }
    });
    const clients = await Promise.all(Array.from({ length: 6 }, (_, i) => read(i % 2 ? runner : reader, id)));
    await done;
    for (const client of [...clients, await read(reader, id)]) {
      const all = await allOf(client);
      assert.equal(all.length, 601);
      for (const [index, each] of all.slice(0, 600).entries()) assert.equal(each, `n ${index + 1} ${text}`);
    }
  });

  check(
    "close() gives running streams up: they are taken over by another process",
    async ({ process, id }) => {
      const options: ResumableOptions = {
        lease: 1_000,
        onLost: (_, { events }) => numbers(events.length + 1, 3),
      };
      const closing = process({ lease: 60_000 });
      const other = process(options);
      const reader = process();
      const { done } = await closing.start(id, async function* () {
        yield* numbers(1, 2);
        await new Promise(() => {});
      });
      const client = await read(reader, id);
      await client.until(() => client.events.length === 2, "what is there");
      await closing.close();
      assert.equal((await done).state, "lost");
      assert.deepEqual(await allOf(client), [
        ...numbers(1, 3).map((n) => `message ${n}`),
        end("complete", 3),
      ]);
      await assert.rejects(closing.start(id, []), { code: "closed" });
      assert.equal((await other.status(id))?.state, "complete");
    },
  );

  check("a client may be told when it has had all that there was", async ({ process, id }) => {
    const [runner, reader] = [process(), process()];
    const job = await runner.open(id);
    for (const n of numbers(1, 3)) await job.append(n);
    const client = new MemoryClient(await reader.subscribe(request(), id, { live: "live" }));
    await client.until(() => client.events.length === 4, "what is there, and that this was all");
    await job.append("4");
    await client.until(() => client.events.length === 5, "what is new");
    await job.end();
    assert.deepEqual(await allOf(client), [
      ...numbers(1, 3).map((n) => `message ${n}`),
      'live {"events":3}',
      "message 4",
      end("complete", 4),
    ]);
    assert.equal(client.events[3]!.id, undefined, "it is no place to go on from");
    // Of a stream that has ended nothing is new.
    const late = new MemoryClient(await reader.subscribe(request(), id, { live: "live" }));
    assert.ok(!(await allOf(late)).some((each) => each.startsWith("live")));
    await assert.rejects(reader.subscribe(request(), id, { live: "gap" }), /Option "live" must be the name/);
  });

  check(
    "where each event tells all, a client gets the newest of what it has not had",
    async ({ process, id }) => {
      const [runner, reader] = [process(), process()];
      const job = await runner.open(id);
      const ids: string[] = [];
      for (const n of numbers(1, 5)) ids.push(await job.append(n));
      const newest = async (count: number, lastEventId?: string) =>
        new MemoryClient(await reader.subscribe(request({ lastEventId }), id, { newest: count }));
      const clients = [
        await newest(1),
        await newest(2),
        await newest(99),
        await newest(2, ids[0]!),
        await newest(2, ids[4]!),
      ];
      await Promise.all(
        clients.map((client, index) =>
          client.until(() => client.events.length === [1, 2, 5, 2, 0][index], "what is there")
        ),
      );
      const none = await newest(0);
      await job.append("6");
      await job.end();
      const expected = [[5, 6], [4, 5, 6], [1, 2, 3, 4, 5, 6], [4, 5, 6], [6], [6]];
      for (const [index, client] of [...clients, none].entries()) {
        const all = await allOf(client);
        assert.deepEqual(all, [
          ...expected[index]!.map((n) => `message ${n}`),
          end("complete", 6),
        ], `client ${index}`);
      }
      assert.deepEqual(await allOf(await newest(1)), ["message 6", end("complete", 6)]);
      await assert.rejects(
        reader.subscribe(request(), id, { newest: -1 }),
        /Option "newest" must be a whole number/,
      );
    },
  );

  check("the end may be told in the client's own words, or not at all", async ({ process, id, told }) => {
    const options: ResumableOptions = {
      end: ({ state, events }) =>
        state === "complete" ? undefined : { data: { type: "abort", state, events } },
    };
    const [runner, reader] = [process(options), process(options)];
    const whole = await runner.start(id, [{ event: "end", data: "of the first part" }]);
    await whole.done;
    const complete = await read(reader, id);
    assert.deepEqual(await allOf(complete), ["end of the first part"]);
    const had = await reader.subscribe(request({ lastEventId: complete.lastEventId }), id);
    assert.equal(had.status, 204, "nothing is left to tell");
    const job = await runner.open(id);
    await job.append("1");
    const client = await read(reader, id);
    await client.until(() => client.events.length === 1, "what is there");
    await reader.stop(id);
    assert.deepEqual(await allOf(client), [
      "message 1",
      'message {"type":"abort","state":"stopped","events":1}',
    ]);
    assert.equal((await reader.subscribe(request({ lastEventId: client.lastEventId }), id)).status, 204);
    const events: string[] = [];
    for await (const { event, data } of runner.read(id)) events.push(`${event} ${data}`);
    assert.deepEqual(events, await allOf(client));
    // One that throws tells nothing, and the operator that.
    const careless = process({
      end: () => {
        throw new Error("no words");
      },
    });
    assert.deepEqual(await allOf(await read(careless, id)), ["message 1"]);
    assert.match(String(told.at(-1)), /no words/);
  });
}
