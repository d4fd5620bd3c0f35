/** Tests the checks of options: names that are not known, and durations that no timer can take. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, createSSEResponse } from "../../mod.ts";
import { checkNames, durationOption } from "../../lib/base/options.ts";
import { request } from "../support/memory_client.ts";

const refused = (action: () => unknown, message: string) =>
  assert.throws(action, (error) => {
    assert.ok(error instanceof TypeError, String(error));
    assert.equal(error.message, message);
    return true;
  });

test("an unknown name is refused with the nearest one, or with all of them", () => {
  const names = ["events", "bytes", "age", "lagTimeout"];
  const check = (options: object) => () => checkNames("history", options, names, { count: "events" });
  refused(check({ event: 1 }), 'Unknown option "event" of history: did you mean "events"?');
  refused(check({ Bytes: 1 }), 'Unknown option "Bytes" of history: did you mean "bytes"?');
  refused(check({ laTgimeout: 1 }), 'Unknown option "laTgimeout" of history: did you mean "lagTimeout"?');
  refused(
    check({ size: 1 }),
    'Unknown option "size" of history: the options are events, bytes, age, lagTimeout',
  );
  refused(check({ count: 1 }), 'Unknown option "count" of history: use events');
  refused(check(null as unknown as object), "The options of history must be an object, received null");
  const bare = (value: unknown) => () => checkNames("history", value as object, names, {}, "events");
  refused(bare(5), "The options of history must be an object, received 5: write { events: 5 }");
  refused(bare("5"), 'The options of history must be an object, received "5": write { events: "5" }');
  refused(bare(true), "The options of history must be an object, received true");
  checkNames("history", { size: undefined, bytes: 0 }, names);
});

test("a duration that a timer cannot take is refused, and Infinity where never is no answer", () => {
  assert.equal(durationOption("retry", 2 ** 31 - 1, { least: 0 }), 2 ** 31 - 1);
  assert.equal(durationOption("grace", Infinity, { least: 0, endless: true }), Infinity);
  refused(
    () => durationOption("retry", 2 ** 31, { least: 0 }),
    'Option "retry" must be at most 2147483647 milliseconds, the longest that a timer can take, received 2147483648',
  );
  refused(
    () => durationOption("retry", Infinity, { least: 0 }),
    'Option "retry" must be a whole number of milliseconds, at least 0, received Infinity',
  );
});

const wrong = (options: object) => options as never;
for (
  const [name, action, message] of [
    [
      "Broadcaster",
      () => new Broadcaster(wrong({ histroy: {} })),
      'Unknown option "histroy" of Broadcaster: did you mean "history"?',
    ],
    [
      "keepAlive",
      () => new Broadcaster(wrong({ keepAlive: 1_000 })),
      'Unknown option "keepAlive" of Broadcaster: did you mean "keepalive"?',
    ],
    [
      "history",
      () => new Broadcaster(wrong({ history: { length: 1 } })),
      'Unknown option "length" of history: the options are events, bytes, age',
    ],
    [
      "limits",
      () => new Broadcaster(wrong({ limits: { client: 5 } })),
      'Unknown option "client" of limits: did you mean "clients"?',
    ],
    [
      "limits, renamed",
      () => new Broadcaster(wrong({ limits: { clientsPerKey: 5 } })),
      'Unknown option "clientsPerKey" of limits: use clientsPerOwner',
    ],
    [
      "now",
      () => new Broadcaster(wrong({ now: Date.now })),
      'Unknown option "now" of Broadcaster: use clock',
    ],
    [
      "subscribe",
      () => new Broadcaster().subscribe(request(), wrong({ topic: "a" })),
      'Unknown option "topic" of subscribe: did you mean "topics"?',
    ],
    [
      "subscribe, renamed",
      () => new Broadcaster().subscribe(request(), wrong({ key: "ann" })),
      'Unknown option "key" of subscribe: use owner',
    ],
    [
      "createSSEResponse",
      () => createSSEResponse(request(), [], wrong({ onclose: () => {} })),
      'Unknown option "onclose" of createSSEResponse: did you mean "onClose"?',
    ],
    [
      "subscribe without a request",
      () => new Broadcaster().subscribe(wrong({ topics: ["a"] })),
      "The first argument must be the Request to answer: pass on what your fetch handler was given",
    ],
    [
      "createSSEResponse without a request",
      () => createSSEResponse(wrong([]), []),
      "The first argument must be the Request to answer: pass on what your fetch handler was given",
    ],
    [
      "createSSEResponse with the source alone",
      () => createSSEResponse(wrong(function* () {}), undefined as never),
      "The first argument must be the Request to answer: pass on what your fetch handler was given",
    ],
    [
      "subscribe with a request of node:http",
      () => new Broadcaster().subscribe(wrong({ headers: { host: "localhost" }, method: "GET", url: "/" })),
      "The first argument must be the Request to answer, received one of node:http, which Express, Fastify and Koa " +
      "have too: let toNodeListener() of tidings/node make the listener",
    ],
    [
      "history as a number",
      () => new Broadcaster(wrong({ history: 100 })),
      "The options of history must be an object, received 100: write { events: 100 }",
    ],
    [
      "heartbeat",
      () => new Broadcaster(wrong({ heartbeat: 1_000 })),
      'Unknown option "heartbeat" of Broadcaster: use keepalive',
    ],
    [
      "heartbeat of a source",
      () => createSSEResponse(request(), [], wrong({ pingInterval: 1_000 })),
      'Unknown option "pingInterval" of createSSEResponse: use keepalive',
    ],
    [
      "maxClients",
      () => new Broadcaster(wrong({ maxClients: 5 })),
      'Unknown option "maxClients" of Broadcaster: use limits: { clients }',
    ],
    [
      "publish with two arguments",
      () => (new Broadcaster().publish as (...args: unknown[]) => unknown)("price", { amount: 1 }),
      "publish() takes one event, received 2 arguments: write publish({ event, data })",
    ],
  ] as [string, () => unknown, string][]
) {
  test(`refused by name: ${name}`, () => refused(action, message));
}

test("close() refuses an unknown option too", async () => {
  const feed = new Broadcaster();
  await assert.rejects(
    feed.close(wrong({ wihtin: 5 })),
    /Unknown option "wihtin" of close: did you mean "within"\?/,
  );
  assert.equal(feed.state, "open");
  await feed.close();
});

test("a published event with a field that is not known reaches nobody", () => {
  const feed = new Broadcaster();
  const publish = (event: object) => () => feed.publish(event);
  assert.throws(
    publish({ data: 1, topics: ["a"] }),
    /^TidingsError: Unknown event field "topics": did you mean "topic"\?$/,
  );
  assert.throws(
    publish({ type: "price", amount: 1 }),
    /^TidingsError: Unknown event field "type": the fields are data, event, topic, key, retry, id; an object to be sent goes into data$/,
  );
  assert.throws(publish({ data: 1, to: "ann" }), /^TidingsError: Unknown event field "to": use topic$/);
  assert.throws(publish({ data: 1, comment: "x" }), /the fields are data, event, topic, key, retry/);
  assert.equal(feed.stats().published, 0);
});
