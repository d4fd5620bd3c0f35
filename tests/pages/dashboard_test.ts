// Tests the dashboard's page as a whole, in a simulated document: its stream, its figures, its table, its chart.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startApp } from "../../examples/dashboard/app.js";
import { showClients } from "../../examples/dashboard/clients.js";
import { formatBytes } from "../../examples/dashboard/figures.js";
import { line, Rate } from "../../examples/dashboard/rate.js";
import { StatusBadge } from "../../examples/page/status.js";
import { domTest, element, FakeNetwork, until } from "../support/page.ts";

const stats = { clients: 2, published: 7, delivered: 14, bytes: 1500, lagging: 1, dropped: 0 };
const report = (extra = {}) => JSON.stringify({ stats, clients: [], ...extra });

domTest(
  "the page connects by itself, shows what comes, and its buttons say what they can do",
  async (document) => {
    const network = new FakeNetwork();
    const [connect, disconnect] = [element(document, "connect"), element(document, "disconnect")];
    const buttons = () => [connect, disconnect].map((button) => button.getAttribute("aria-disabled"));
    const rows = () =>
      [...document.querySelectorAll(".row")].map((row) =>
        row.querySelector(".row-text")?.firstChild?.textContent
      );
    const clients = () => document.querySelector("[data-stat=clients]")?.textContent;
    startApp(document, network);
    assert.equal(network.last.url, "../stream?topics=registry,pulse");
    network.last.enter("connecting");
    assert.deepEqual(buttons(), ["true", "false"]);
    connect.click();
    assert.equal(network.opened.length, 1, "connecting twice opens once");
    network.last.opens("7");
    network.last.receives("", "8f-1", "tidings-cursor");
    network.last.receives("hello", "8f-2");
    network.last.receives("", "8f-3", "pulse");
    network.last.gap("8f-4");
    await until(() => rows().length === 2);
    assert.deepEqual(rows(), ["hello", "Some events were missed"]);
    assert.equal(clients(), "–");
    network.last.receives(report(), "8f-5", "registry");
    assert.equal(clients(), "2");
    assert.equal(document.querySelector("[data-stat=bytes]")?.textContent, "1.5\u00a0kB");
    network.last.enter("waiting", { delay: 5_000 });
    assert.equal(element(document, "status").textContent, "Waiting");
    assert.equal(connect.textContent, "Try now");
    assert.deepEqual(buttons(), ["false", "false"]);
    assert.equal(clients(), "–", "the figures of a server that is out of sight are not shown");
    const lost = network.last;
    connect.click();
    assert.equal(network.opened.length, 2);
    assert.equal(lost.state, "closed");
    assert.equal(network.last.lastEventId, "8f-5", "it goes on where it was");
    lost.enter("open");
    assert.equal(element(document, "status").textContent, "Waiting", "a stream that was left says no more");
    network.last.enter("connecting");
    disconnect.click();
    assert.equal(network.last.state, "closed");
    network.last.enter("closed");
    assert.equal(element(document, "status").textContent, "Closed");
    assert.deepEqual(buttons(), ["false", "true"]);
    element(document, "clear").click();
    assert.deepEqual(rows(), []);
  },
);

domTest("the badge names every state, and counts down outside of the live region", async (document) => {
  const badge = element(document, "status");
  const detail = element(document, "status-detail");
  const status = new StatusBadge({ badge, detail });
  const names = { connecting: "Connecting", open: "Live", waiting: "Waiting", closed: "Closed" } as const;
  for (const state of ["connecting", "open", "closed", "waiting"] as const) {
    status.show(state, { delay: 2000 });
    assert.deepEqual([badge.dataset["state"], badge.textContent], [state, names[state]]);
  }
  assert.equal(badge.getAttribute("role"), "status");
  assert.equal(detail.textContent, "Connection lost. Next try in 2 s.");
  await until(() => detail.textContent === "Connection lost. Next try in 1 s.");
  assert.equal(badge.textContent, "Waiting");
  status.show("open");
  const shown = detail.textContent;
  await new Promise((resolve) => setTimeout(resolve, 300)); // longer than the countdown's tick
  assert.equal(detail.textContent, shown);
});

test("bytes are told in the unit that suits them", () => {
  assert.deepEqual([0, 999, 1000, 123_456, 5_000_000].map(formatBytes), [
    "0\u00a0B",
    "999\u00a0B",
    "1.0\u00a0kB",
    "123\u00a0kB",
    "5.0\u00a0MB",
  ]);
});

domTest("the table says who is this page, who lags and who was cut off", (document) => {
  const body = element(document, "clients");
  const waiting = (events: number) => ({ events, bytes: events * 1000 });
  const client = { since: 0, kind: "reader" } as const;
  showClients(body, [
    { ...client, id: 3, kind: "staller", waiting: waiting(40), left: "lagging" },
    { ...client, id: 4, kind: "staller", waiting: waiting(2) },
    { ...client, id: 1, waiting: waiting(0) },
    { ...client, id: 2, waiting: waiting(0) },
  ], 2);
  const rows = [...body.querySelectorAll("tr")].map((row) => [
    row.dataset["state"],
    ...[...row.querySelectorAll("td")].map((cell) => cell.textContent),
  ]);
  assert.deepEqual(rows, [
    ["evicted", "#3, stops reading", "40 events, 40.0\u00a0kB", "Cut off"],
    ["lagging", "#4, stops reading", "2 events, 2.0\u00a0kB", "Lagging"],
    ["live", "#1", "nothing", "Live"],
    ["live", "#2, this page", "nothing", "Live"],
  ]);
});

domTest("the chart counts what arrives in each second, and knows no more than a minute", (document) => {
  const rate = new Rate({
    plot: element(document, "rate"),
    top: element(document, "rate-top"),
    here: element(document, "rate-here"),
    there: element(document, "rate-there"),
  });
  const path = (name: string) => document.querySelector(`#rate .${name}`)?.getAttribute("d");
  for (let n = 0; n < 20; n++) rate.count();
  rate.tick(undefined);
  assert.equal(path("here"), "M60,4");
  assert.equal(path("there"), "");
  rate.tick(10);
  assert.equal(path("here"), "M59,4L60,100");
  assert.equal(path("there"), "M60,52");
  const texts = () => ["rate-top", "rate-here", "rate-there"].map((id) => element(document, id).textContent);
  assert.deepEqual(texts(), ["20", "0", "10"]);
  for (let n = 0; n < 60; n++) rate.tick(undefined);
  assert.deepEqual(texts(), ["10", "0", "–"]);
  assert.equal(path("here")?.match(/[ML]/g)?.length, 60);
});

test("the chart's line is broken where nothing is known", () => {
  assert.equal(line([1, 2, undefined, 2], 2), "M57,52L58,4M60,4");
});

domTest("the button starts a client that stalls, and says what becomes of it", async (document) => {
  const answers = [new Response("", { status: 202 }), new Response("", { status: 429 })];
  const asked: string[] = [];
  const fetch = (url: string, init?: RequestInit) => {
    asked.push(`${init?.method} ${url}`);
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("no network"));
  };
  startApp(document, { connect: new FakeNetwork().connect, fetch });
  const note = element(document, "stall-note");
  for (const sentence of [/^It has connected/, /^Enough clients/, /cannot be reached/]) {
    element(document, "stall").click();
    await until(() => sentence.test(note.textContent ?? ""));
  }
  assert.deepEqual(asked, Array(3).fill("POST stall"));
  assert.equal(note.dataset["kind"], "error");
});
