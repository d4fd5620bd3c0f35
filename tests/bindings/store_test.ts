// Tests what lies beneath the bindings to frameworks, against a real server: who shares a connection, what is drawn, and
// which functions are called. The frameworks themselves are tested in tests/browser/bindings_test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type EventStreamOptions, keyOf } from "../../lib/bindings/options.ts";
import { Store } from "../../lib/bindings/store.ts";
import { openStream, startServer } from "../support/client_server.ts";
import { errorsPrinted, until } from "../support/wait.ts";

type Events = { price: { amount: number }; note: string };

/** A component: a store, and how often it was drawn. */
function mount<Value = undefined>(url: string, options: EventStreamOptions<Events, Value>) {
  const store = new Store<Events, Value>(url, keyOf(url, options), options);
  let drawn = 0;
  const leave = store.subscribe(() => drawn++);
  return { store, leave, drawn: () => drawn };
}

/** A server that sends what it is told, to all of its clients. */
async function start() {
  const streams = new Set<{ write(text: string): unknown }>();
  const server = await startServer((response) => {
    openStream(response);
    response.write(":\n\n");
    streams.add(response);
    response.on("close", () => streams.delete(response));
  });
  const send = (event: string, data: string) => {
    for (const stream of streams) stream.write(`event: ${event}\ndata: ${data}\n\n`);
  };
  return {
    ...server,
    send,
    open: (count: number) => until(() => streams.size === count, `${count} streams`),
  };
}

const OPTIONS = { shared: false, retry: { base: 20 } } as const;

test(
  "components with equal options share one connection, and the last one closes it",
  { timeout: 20_000 },
  async () => {
    const server = await start();
    const options = () => ({
      ...OPTIONS,
      headers: { "x-own": "1" },
      fetch: (url: string, init: RequestInit) => fetch(url, init),
    });
    const first = mount(server.url, options());
    // Taken away and put back in one turn, as strict mode does.
    first.leave();
    const leave = first.store.subscribe(() => {});
    const second = mount(server.url, options());
    await server.open(1);
    const other = mount(server.url, { ...options(), headers: { "x-own": "2" } });
    await server.open(2);
    assert.deepEqual(server.requests.map(({ headers }) => headers["x-own"]), ["1", "2"]);
    await until(() => second.store.read().state === "open", "the second to be open");

    leave();
    server.send("note", "still here");
    await until(() => second.store.read().last !== undefined, "the event");
    assert.equal(first.store.read().last, undefined);
    // One component goes and another one comes in the same turn, as when a page's parts change.
    second.leave();
    const third = mount(server.url, options());
    server.send("note", "to the third");
    await until(() => third.store.read().last !== undefined, "the event");
    assert.equal(server.requests.length, 2);
    third.leave();
    other.leave();
    await server.open(0);
    await server.kill();
  },
);

test(
  "each event reaches the functions of the present, and a burst is drawn once",
  { timeout: 20_000 },
  async () => {
    const server = await start();
    const seen: string[] = [];
    const options: EventStreamOptions<Events, number> = {
      ...OPTIONS,
      events: ["price"],
      initial: 0,
      reduce: (value, item) => item.event === "price" ? value + item.data.amount : value,
      onEvent: () => seen.push("old"),
    };
    const { store, leave, drawn } = mount<number>(server.url, options);
    await server.open(1);
    await until(() => store.read().state === "open" && drawn() > 0, "it to be open and drawn");
    store.options = { ...options, onEvent: ({ event }) => seen.push(event) };
    const before = drawn();
    const burst = Array.from(
      { length: 20 },
      (_, at) => `event: price\ndata: {"amount":${at}}\n\nevent: note\ndata: no\n\n`,
    );
    server.send("price", `{"amount":0}\n\n${burst.join("")}event: price\ndata: {"amount":1000}`);
    await until(() => store.read().value === 1190 && drawn() > before, "all to be drawn");
    assert.deepEqual(seen, Array(22).fill("price"));
    assert.deepEqual(store.read().last?.data, { amount: 1000 });
    // The burst is one chunk, mostly.
    assert.ok(drawn() - before <= 3, `${drawn() - before} times`);
    assert.equal(store.read(), store.read());
    leave();
    await server.kill();
  },
);

test(
  "a function that throws harms nobody else, and an untaken gap is printed",
  { timeout: 20_000 },
  async () => {
    const server = await start();
    const printed = await errorsPrinted(async () => {
      const broken = mount(server.url, {
        ...OPTIONS,
        parse: (text: string) => {
          if (text === "bad") throw new Error("not parsed");
          return text;
        },
        onEvent: () => {
          throw new Error("no");
        },
      });
      const gaps: unknown[] = [];
      const sound = mount(server.url, { ...OPTIONS, onGap: (gap: unknown) => gaps.push(gap) });
      await server.open(1);
      server.send("note", "bad");
      server.send("note", "12");
      server.send("gap", "{}");
      await until(() => gaps.length === 1, "the gap");
      assert.equal(broken.store.read().last?.data, "12");
      assert.equal(sound.store.read().last?.data as unknown, 12);
      assert.equal(sound.store.read().state, "open");
      broken.leave();
      sound.leave();
    });
    assert.deepEqual(printed.map((line) => line.slice(0, 40)), [
      "tidings: parse threw: Error: not parsed",
      "tidings: onEvent threw: Error: no",
      "tidings: no onGap took this gap: [object",
    ]);
    await server.kill();
  },
);

test(
  "an error stays while it is mended; after the end a component connects anew",
  { timeout: 20_000 },
  async () => {
    let status = 503;
    // What the component has to say while a request is under way.
    const said: string[] = [];
    const server = await startServer((response) => {
      said.push(String(store.read().error));
      if (status === 200) openStream(response);
      else response.writeHead(status).end();
    });
    const { store, leave } = mount(server.url, OPTIONS);
    await until(() => said.length > 2, "it to try again");
    assert.equal(said[0], "undefined");
    assert.match(said[1]!, /503/);
    status = 401;
    await until(() => store.read().state === "closed", "the end");
    assert.match(String(store.read().error), /401/);
    status = 200;
    const next = mount(server.url, OPTIONS);
    await until(() => server.streams() === 1, "the next one to connect");
    assert.equal(store.read().state, "closed");
    leave();
    next.leave();
    await until(() => server.streams() === 0, "it to leave");
    await server.kill();
  },
);

test("a store that two listen to goes on until both have left", { timeout: 20_000 }, async () => {
  const server = await start();
  const { store, leave } = mount(server.url, OPTIONS);
  const leaveToo = store.subscribe(() => {});
  await server.open(1);
  leave();
  leave();
  server.send("note", "to the other");
  await until(() => store.read().last !== undefined, "the event");
  leaveToo();
  assert.equal(store.read().state, "connecting");
  await server.open(0);
  assert.equal(server.requests.length, 1);
  await server.kill();
});

test("which options mean the same stream, and which are refused", () => {
  const key = (options: EventStreamOptions) => keyOf("/events", options);
  assert.equal(
    key({ headers: () => ({}), onEvent: () => {} }),
    key({ headers: () => ({ a: "1" }), events: ["a"] }),
  );
  assert.equal(key({ headers: { a: "1" } }), key({ headers: new Headers({ A: "1" }) }));
  for (
    const options of [{ name: "user 7" }, { shared: false }, { retry: { max: 7 } }, { retry: false }, {
      headers: { a: "1" },
    }] as const
  ) {
    assert.notEqual(key(options), key({}));
  }
  assert.notEqual(keyOf(new URL("http://localhost/a"), {}), keyOf("http://localhost/b", {}));
  assert.throws(() => key({ onevent: () => {} } as object), /Unknown option "onevent", known are .*onEvent/);
  const idle = new Store(null, keyOf(null, {}), { initial: 7 });
  idle.subscribe(() => {})();
  assert.deepEqual(idle.read(), { state: "closed", last: undefined, error: undefined, value: 7 });
});
