// The demo page's connection, and all that hangs on its state: the part of the page that must not give up.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startApp } from "../examples/dashboard/app.js";
import { backoffDelay } from "../examples/dashboard/backoff.js";
import { Connection } from "../examples/dashboard/connection.js";
import { formatBytes, Stats } from "../examples/dashboard/stats.js";
import { StatusBadge } from "../examples/dashboard/status.js";
import { domTest, element, fakeNetwork, until } from "./support/page.ts";

test("the backoff doubles up to its cap, and half of it is chance", () => {
  const delays = (random: number) =>
    [0, 1, 2, 3, 4, 5, 60].map((n) => backoffDelay(n, { random: () => random }));
  assert.deepEqual(delays(0), [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.deepEqual(delays(1), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

function connectionOf(url = "/stream") {
  const network = fakeNetwork();
  const states: string[] = [];
  const received: string[] = [];
  let retryAt: number | null = null;
  const connection = new Connection(url, {
    open: network.open,
    random: () => 0, // the shortest of the delays: 0.5 s, 1 s, 2 s
    events: ["message", "gap"],
    onEvent: ({ name, data }) => received.push(`${name}: ${data}`),
    onStatus: (status) => {
      states.push(status.state);
      retryAt = status.retryAt;
    },
  });
  return {
    network,
    states,
    received,
    connection,
    retryIn: () => retryAt === null ? null : retryAt - Date.now(),
  };
}

test("the states of a connection that opens, breaks, comes back and is closed", () => {
  const { network, states, received, connection, retryIn } = connectionOf();
  connection.connect();
  network.last.opens();
  network.last.receives("hello");
  network.last.receives("{}", "", "gap");
  network.last.receives("unasked", "", "other");
  network.last.breaks();
  assert.equal(retryIn(), null, "when the browser itself will try again, nobody knows");
  network.last.opens();
  connection.disconnect();
  assert.deepEqual(states, ["connecting", "live", "waiting", "live", "closed"]);
  assert.deepEqual(received, ["message: hello", "gap: {}"]);
  assert.equal(network.opened.length, 1, "the browser's own reconnect needs no help");
  assert.equal(network.last.readyState, 2);
});

test("what EventSource gives up on is tried again, with the last id, ever later", async () => {
  const { network, states, connection, retryIn } = connectionOf("/stream?topic=a");
  connection.connect();
  network.last.opens();
  network.last.receives("one", "8f-1 &");
  network.last.receives("no id");
  network.last.fails();
  assert.equal(connection.state, "waiting");
  const first = retryIn() ?? 0;
  assert.ok(first > 300 && first <= 500, `the first delay was ${first} ms`);
  await until(() => network.opened.length === 2);
  assert.equal(network.last.url, "/stream?topic=a&lastEventId=8f-1%20%26");
  network.last.fails();
  const second = retryIn() ?? 0;
  assert.ok(second > 800 && second <= 1000, `the second delay was ${second} ms`);
  connection.connect(); // "try now"
  assert.equal(network.opened.length, 3);
  network.last.opens();
  network.last.fails();
  assert.ok((retryIn() ?? 0) <= 500, "a connection that opened starts the backoff anew");
  connection.disconnect();
  assert.deepEqual(states.slice(-4), ["connecting", "live", "waiting", "closed"]);
});

test("disconnect ends a wait, and what comes late from a closed source is not heard", async () => {
  const { network, states, received, connection } = connectionOf();
  connection.connect();
  const stale = network.last;
  stale.fails();
  connection.disconnect();
  stale.opens();
  stale.receives("late");
  stale.breaks();
  await new Promise((resolve) => setTimeout(resolve, 700)); // longer than the delay that was cancelled
  assert.deepEqual(states, ["connecting", "waiting", "closed"]);
  assert.deepEqual(received, []);
  assert.equal(network.opened.length, 1);
});

test("connecting twice opens once", () => {
  const { network, connection } = connectionOf();
  connection.connect();
  connection.connect();
  network.last.opens();
  connection.connect();
  assert.equal(network.opened.length, 1);
  connection.disconnect();
});

domTest("the badge names every state, and counts down outside of the live region", async (document) => {
  const badge = element(document, "status");
  const detail = element(document, "status-detail");
  const status = new StatusBadge({ badge, detail });
  const names = { connecting: "Connecting", live: "Live", waiting: "Waiting", closed: "Closed" } as const;
  for (const state of ["connecting", "live", "waiting", "closed"] as const) {
    status.show({ state, retryAt: null });
    assert.deepEqual([badge.dataset.state, badge.textContent], [state, names[state]]);
  }
  assert.equal(badge.getAttribute("role"), "status");
  status.show({ state: "waiting", retryAt: Date.now() + 2000 });
  assert.equal(detail.textContent, "Connection lost. Next try in 2 s.");
  assert.equal(badge.textContent, "Waiting");
  await until(() => detail.textContent === "Connection lost. Next try in 1 s.");
  status.show({ state: "live", retryAt: null });
  const shown = detail.textContent;
  await new Promise((resolve) => setTimeout(resolve, 300)); // longer than the countdown's tick
  assert.equal(detail.textContent, shown);
});

test("bytes are told in the unit that suits them", () => {
  assert.deepEqual([0, 999, 1000, 123_456, 5_000_000].map(formatBytes), [
    "0 B",
    "999 B",
    "1.0 kB",
    "123 kB",
    "5.0 MB",
  ]);
});

/** A fetch that counts how often it was asked, and answers that many clients. */
function countingFetch() {
  let asked = 0;
  const fetch = () => Promise.resolve(Response.json({ clients: ++asked, bytes: 1500 }));
  return { fetch: fetch, asked: () => asked };
}

domTest("the numbers are asked for while someone looks, and then no more", async (document) => {
  const clients = document.querySelector("[data-stat=clients]");
  const { fetch, asked } = countingFetch();
  const stats = new Stats("/stats", document.querySelectorAll("[data-stat]"), { fetch, interval: 20 });
  stats.setActive(true);
  stats.setActive(true);
  assert.equal(asked(), 1);
  await until(() => Number(clients?.textContent) >= 2);
  assert.equal(document.querySelector("[data-stat=bytes]")?.textContent, "1.5 kB");
  assert.equal(document.querySelector("[data-stat=lagging]")?.textContent, "–");
  stats.setActive(false);
  const before = asked();
  await new Promise((resolve) => setTimeout(resolve, 200)); // ten times the polling's interval
  assert.equal(asked(), before);
});

domTest("an answer that comes when nobody looks any more is not shown", async (document) => {
  const clients = document.querySelector("[data-stat=clients]");
  let answer = (_response: Response) => {};
  let signal: AbortSignal | null | undefined;
  const fetch = (_url: string, init?: RequestInit) => {
    signal = init?.signal;
    return new Promise<Response>((resolve) => answer = resolve);
  };
  const stats = new Stats("/stats", document.querySelectorAll("[data-stat]"), { fetch });
  stats.setActive(true);
  stats.setActive(false);
  stats.reset();
  assert.equal(signal?.aborted, true);
  answer(Response.json({ clients: 7 }));
  await new Promise((resolve) => setTimeout(resolve, 50)); // long after the answer has been read
  assert.equal(clients?.textContent, "–");
});

domTest(
  "the page connects by itself, shows what comes, and its buttons say what they can do",
  async (document) => {
    const network = fakeNetwork();
    const { fetch } = countingFetch();
    const [connect, disconnect] = [element(document, "connect"), element(document, "disconnect")];
    const buttons = () => [connect, disconnect].map((button) => button.getAttribute("aria-disabled"));
    const rows = () =>
      [...document.querySelectorAll(".row")].map((row) =>
        row.querySelector(".row-text")?.firstChild?.textContent
      );
    startApp(document, { open: network.open, fetch });
    assert.equal(network.last.url, "/stream");
    assert.deepEqual(buttons(), ["true", "false"]);
    network.last.opens();
    network.last.receives("", "8f-1", "tidings-cursor");
    network.last.receives("hello", "8f-2");
    network.last.receives("{}", "8f-3", "gap");
    await until(() => rows().length === 2);
    assert.deepEqual(rows(), ["hello", "Some events were missed"]);
    await until(() => document.querySelector("[data-stat=clients]")?.textContent === "1");
    network.last.fails();
    assert.equal(connect.textContent, "Try now");
    assert.deepEqual(buttons(), ["false", "false"]);
    assert.equal(document.querySelector("[data-stat=clients]")?.textContent, "–");
    connect.click();
    assert.equal(network.last.url, "/stream?lastEventId=8f-3");
    disconnect.click();
    assert.equal(element(document, "status").textContent, "Closed");
    assert.deepEqual(buttons(), ["false", "true"]);
    element(document, "clear").click();
    assert.deepEqual(rows(), []);
  },
);
