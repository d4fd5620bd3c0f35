// Tests the parts of the gallery's front page: what it counts by ids, what it draws, the wire's text, and the code it shows.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Account } from "../../examples/gallery/account.js";
import { Chart, draw, SPAN } from "../../examples/gallery/chart.js";
import { showCode } from "../../examples/gallery/code.js";
import { countFolder, countLines, shownLines } from "../../examples/gallery/lines.ts";
import { tapped, Wire } from "../../examples/gallery/wire.js";
import { domTest } from "../support/page.ts";

const examples = new URL("../../examples/", import.meta.url);

/** An account with the events `from` to `to`, one a second. */
function accountOf(from: number, to: number) {
  const account = new Account();
  for (let n = from; n <= to; n++) account.add(`ep-${n}`, n * 1_000);
  return account;
}
const told = ({ first, last, received, missing, away }: Account) => ({
  first,
  last,
  received,
  missing,
  away,
});

test("what arrived is counted from the first id on, and a hole in the ids is missing", () => {
  const account = accountOf(41, 45);
  assert.deepEqual(told(account), {
    first: 41,
    last: 45,
    received: 5,
    missing: 0,
    away: { sent: 0, received: 0 },
  });
  account.add("ep-48", 48_000);
  assert.deepEqual([account.last, account.missing], [48, 2]);
});

test("what comes at once after an absence was sent meanwhile, and all of it is counted by the ids", () => {
  const account = accountOf(1, 3);
  account.leave();
  assert.equal(account.back(10_000), true);
  const late = [4, 5, 6, 7, 8, 9, 10].map((n) => account.add(`ep-${n}`, 10_050).late);
  assert.deepEqual(new Set(late), new Set([true]));
  assert.deepEqual(account.add("ep-11", 11_000), { number: 11, late: false });
  assert.deepEqual(account.add("ep-12", 11_010), { number: 12, late: false });
  assert.deepEqual([account.missing, account.away], [0, { sent: 7, received: 7 }]);
});

test("an event that did not come after an absence is seen in the account", () => {
  const account = accountOf(1, 3);
  account.leave();
  account.back(10_000);
  for (const n of [4, 6]) account.add(`ep-${n}`, 10_000);
  assert.deepEqual([account.missing, account.away], [1, { sent: 3, received: 2 }]);
});

test("the first connection is no return; an absence without events leaves nothing to tell", () => {
  const account = new Account();
  assert.equal(account.back(0), false);
  assert.equal(account.add("ep-7", 10).late, false);
  account.leave();
  account.back(1_000);
  assert.equal(account.add("ep-8", 2_000).late, false);
  assert.deepEqual([account.missing, account.away], [0, { sent: 0, received: 0 }]);
});

test("a server that counts anew, and a gap that it tells of, begin the account anew", () => {
  const account = accountOf(1, 9);
  account.leave();
  account.back(10_000);
  account.gap("new-0");
  account.add("new-1", 10_001);
  account.add("new-2", 10_001);
  assert.deepEqual([account.first, account.last, account.missing], [1, 2, 0]);
});

test("the chart shows the last thirty numbers, the newest at the right, and dots on what came late", () => {
  const points = [
    { number: 1, value: 0, late: false },
    { number: 69, value: 100, late: false },
    { number: 70, value: 101, late: true },
  ];
  const { line, late, newest } = draw(points, 70);
  assert.equal(line, "M93.76,70L97,30");
  assert.equal(late, "M97,30h0");
  assert.equal(newest, late);
  assert.equal(draw(points, 70 + SPAN - 1).line, "M3,50", "while nothing comes, time goes on");
  assert.equal(draw([], 0).line, "");
});

domTest("a band covers the time without a connection, and stays where it was", (document) => {
  const svg = document.createElement("div");
  svg.innerHTML = `<i class="line"></i><i class="late"></i><i class="newest"></i><i class="band"></i>`;
  const chart = new Chart(svg);
  const band = () => ["x", "width"].map((name) => Number(svg.querySelector(".band")!.getAttribute(name)));
  for (let number = 1; number <= 20; number++) chart.add({ number, value: 100, late: false });
  chart.render(20, false);
  assert.deepEqual(band()[1], 0);
  chart.leave();
  chart.render(25, true);
  const [x, width] = band() as [number, number];
  assert.equal(x + width, 100);
  for (let number = 21; number <= 25; number++) chart.add({ number, value: 100, late: true });
  chart.render(25, false);
  assert.deepEqual(band(), [x, 97 - x]);
  assert.equal(svg.querySelector(".late")!.getAttribute("d")!.match(/M/g)!.length, 5);
});

domTest("the wire shows line by line what came, wherever the chunks were cut", (document) => {
  const place = document.createElement("div");
  const wire = new Wire(place);
  const lines = () => [...place.children].map(({ textContent }) => textContent);
  wire.add("sent", "GET /gallery/prices\nLast-Event-ID: ep-1");
  wire.add("received", "id: ep-2\nda");
  wire.add("received", "ta: <b>100</b>\n\n");
  assert.deepEqual(lines(), [
    "GET /gallery/prices",
    "Last-Event-ID: ep-1",
    "id: ep-2",
    "data: <b>100</b>",
    "\u00a0",
  ]);
  assert.deepEqual([...place.querySelectorAll("b")].map(({ textContent }) => textContent), [
    "id: ",
    "data: ",
  ]);
  for (let n = 0; n < 100; n++) wire.add("received", `id: ep-${n}\n`);
  assert.equal(place.childElementCount, 60);
});

test("reading along changes nothing of what is read", async () => {
  const seen: string[] = [];
  const fetch = () =>
    Promise.resolve(
      new Response("id: ep-1\ndata: ä\n\n", { headers: { "content-type": "text/event-stream" } }),
    );
  const tap = tapped(fetch, (kind, text) => seen.push(`${kind}: ${text}`));
  const response = await tap("http://127.0.0.1/gallery/prices", { headers: { "last-event-id": "ep-0" } });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.equal(await response.text(), "id: ep-1\ndata: ä\n\n");
  assert.deepEqual(seen, [
    "sent: GET /gallery/prices\nLast-Event-ID: ep-0",
    "received: id: ep-1\ndata: ä\n\n",
  ]);
  const refused = new Response("no", { status: 503 });
  assert.equal(await tapped(() => Promise.resolve(refused), () => assert.fail())("/", {}), refused);
});

domTest("code is shown as it is, with its strings and its words marked", (document) => {
  const place = document.createElement("code");
  const code = `import { a } from "tidings";\nconst b = "<i>";`;
  showCode(place, code);
  assert.equal(place.textContent, code);
  const marked = [...place.children].map(({ className, textContent }) => `${className} ${textContent}`);
  assert.deepEqual(marked, ["word import", "word from", 'string "tidings"', "word const", 'string "<i>"']);
});

test("the code on the front page is what runs, and about twelve lines", async () => {
  const source = await readFile(new URL("gallery/prices.ts", examples), "utf8");
  const code = shownLines("prices.ts", source);
  assert.ok(source.includes(code) && !code.includes("shown:"));
  assert.match(code, /^import \{ Broadcaster \} from "tidings";\n/);
  assert.ok(code.split("\n").length <= 13, code);
  assert.equal(shownLines("prices.ts", source.replaceAll("\n", "\r\n")), code);
  assert.throws(() => shownLines("prices.ts", code), {
    name: "TypeError",
    message: /^prices\.ts must have the lines "\/\/ shown: from here" and/,
  });
});

test("lines of code are those that are neither blank nor comment", async () => {
  assert.equal(
    countLines(`/** Says. */\n\n// why\nconst a = 1; // one\n/**\n * x\n */\nlet b; /* two */\n`),
    2,
  );
  const { server, page } = await countFolder(new URL("introduction/", examples));
  assert.ok(server > 10 && server < 16, `${server}`);
  assert.ok(page > 10 && page < 20, `${page}`);
  assert.ok((await countFolder(new URL("cluster/", examples))).server > 300, "folders below count too");
});
