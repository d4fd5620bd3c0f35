// Tests the dashboard's message list in a simulated document. tests/browser/page_test.mjs has the page in real browsers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageLog } from "../../examples/dashboard/log.js";
import { createRow, toRow } from "../../examples/dashboard/row.js";
import { domTest, element, until } from "../support/page.ts";

function logOf(document: Document, limit?: number) {
  const elements = {
    scroller: element(document, "scroller"),
    list: element(document, "messages"),
    trimmed: element(document, "trimmed"),
    empty: element(document, "empty"),
    jump: element(document, "jump"),
  };
  // The simulated document has no layout: 20 pixels a row in a window of 100.
  const window = { height: 100 };
  Object.defineProperty(elements.scroller, "clientHeight", { get: () => window.height });
  Object.defineProperty(elements.scroller, "scrollHeight", {
    get: () => elements.list.childElementCount * 20,
  });
  let top = 0;
  Object.defineProperty(elements.scroller, "scrollTop", {
    get: () => top,
    set: (to: number) => top = Math.max(0, Math.min(to, elements.scroller.scrollHeight - window.height)),
  });
  const log = new MessageLog(elements, limit === undefined ? {} : { limit });
  const add = (...texts: string[]) => {
    for (const text of texts) log.add({ kind: "message", text, at: new Date() });
    log.flush();
  };
  const scrollTo = (top: number) => {
    elements.scroller.scrollTop = top;
    elements.scroller.dispatchEvent(
      new (document.defaultView as unknown as typeof globalThis).Event("scroll"),
    );
  };
  const texts = () => [...elements.list.querySelectorAll(".row-text")].map((text) => text.textContent);
  return { ...elements, log, window, add, scrollTo, texts };
}

const gap = (told: { requested: string; resumedAt: string; reason: string }) =>
  ({ kind: "gap", event: "gap", data: JSON.stringify(told), ...told, lastEventId: told.resumedAt }) as const;

const numbered = (count: number) => Array.from({ length: count }, (_, index) => `message ${index + 1}`);

domTest("markup in a message is shown as text, never as elements", (document) => {
  const { list, add, texts } = logOf(document);
  const hostile = [`<script>globalThis.stolen = 1</script>`, `<img src="x" onerror="globalThis.stolen = 1">`];
  add(...hostile);
  assert.deepEqual(texts(), hostile);
  assert.equal(list.querySelector("script, img"), null);
});

domTest("markup in a gap's reason is shown as text too", (document) => {
  const row = createRow(
    document,
    toRow(gap({ requested: "<b>1</b>", resumedAt: "2", reason: "<img src=x>" })),
  );
  assert.equal(row.querySelector("img, b"), null);
  assert.match(row.textContent ?? "", /Some events were missed.*<img src=x>.*<b>1<\/b>/);
  assert.equal(row.dataset.kind, "gap");
});

test("a gap says why, in words", () => {
  const row = toRow(gap({ requested: "8f-1", resumedAt: "9a-0", reason: "epoch" }));
  assert.equal(row.detail, "The server has started anew. They came after 8f-1, up to 9a-0.");
});

test("a row keeps the text as it came, and knows JSON and heartbeats", () => {
  const of = (data: string) => toRow({ kind: "event", event: "message", data, lastEventId: "" });
  for (const data of [`{"a": [1,  2]}`, "[]", "{no json}", "42", "Auto heartbeat #7", ""]) {
    assert.equal(of(data).text, data);
  }
  assert.equal(of(`{"a": 1}`).kind, "json");
  assert.equal(of("{no json}").kind, "message");
  assert.equal(of("42").kind, "message");
  assert.equal(of("Auto heartbeat #7").kind, "heartbeat");
  assert.equal(of("Auto heartbeat #7!").kind, "message");
});

domTest("the list follows the newest, and stops when the reader scrolls up", (document) => {
  const { scroller, jump, add, scrollTo } = logOf(document);
  add(...numbered(20));
  assert.equal(scroller.scrollTop, 300); // 400 high, of which 100 are seen
  assert.equal(jump.hidden, true);
  scrollTo(120);
  assert.equal(jump.hidden, false);
  add("unseen", "unseen");
  assert.equal(scroller.scrollTop, 120);
  assert.equal(jump.textContent, "Jump to newest · 2 unread");
});

domTest("the jump button and scrolling down both follow again", (document) => {
  const { scroller, jump, add, scrollTo } = logOf(document);
  add(...numbered(20));
  scrollTo(0);
  add("unseen");
  jump.click();
  assert.equal(jump.hidden, true);
  assert.equal(scroller.scrollTop, 320);
  assert.equal(document.activeElement, scroller);
  scrollTo(0);
  add("unseen");
  assert.equal(jump.textContent, "Jump to newest · 1 unread");
  scrollTo(335); // not quite the bottom, but near enough
  assert.equal(jump.hidden, true);
  add("seen");
  assert.equal(scroller.scrollTop, 360);
});

domTest("rows that come while the reader begins to scroll up do not pull down again", (document) => {
  const { scroller, jump, add } = logOf(document);
  const { Event } = document.defaultView as unknown as typeof globalThis;
  const begin = (name: string, details: object) =>
    scroller.dispatchEvent(Object.assign(new Event(name), details));
  add(...numbered(20));
  scroller.scrollTop = 290; // its event is yet to come
  add("unseen");
  assert.equal(scroller.scrollTop, 290);
  assert.equal(jump.hidden, false);
  for (const [name, details] of [["wheel", { deltaY: -1 }], ["keydown", { key: "Home" }]] as const) {
    jump.click();
    begin("wheel", { deltaY: 1 });
    begin("keydown", { key: "End" });
    assert.equal(jump.hidden, true);
    begin(name, details);
    const before: number = scroller.scrollTop;
    add("unseen");
    assert.equal(scroller.scrollTop, before);
    assert.equal(jump.textContent, "Jump to newest · 1 unread");
  }
});

domTest("a list that fits is followed whatever is pressed", (document) => {
  const { scroller, jump, add } = logOf(document);
  const { Event } = document.defaultView as unknown as typeof globalThis;
  add(...numbered(2));
  scroller.dispatchEvent(Object.assign(new Event("keydown"), { key: "Home" }));
  assert.equal(jump.hidden, true);
});

domTest("a scroll that comes of a new layout is not the reader's", (document) => {
  const { scroller, jump, window, add, scrollTo } = logOf(document);
  add(...numbered(20));
  window.height = 60;
  scrollTo(300);
  assert.equal(jump.hidden, true);
  assert.equal(scroller.scrollTop, 340);
  scrollTo(300);
  assert.equal(jump.hidden, false);
});

domTest("the list is bounded, and says what it removed", (document) => {
  const { trimmed, add, texts } = logOf(document, 3);
  add(...numbered(3));
  assert.equal(trimmed.hidden, true);
  add("message 4");
  add("message 5");
  assert.deepEqual(texts(), ["message 3", "message 4", "message 5"]);
  assert.equal(trimmed.hidden, false);
  assert.equal(trimmed.textContent, "Only the newest 3 are kept here; 2 older removed.");
});

domTest("a burst larger than the bound counts every row it drops, read or not", (document) => {
  const { trimmed, jump, add, scrollTo, texts } = logOf(document, 10);
  add(...numbered(10));
  scrollTo(0);
  add(...numbered(25));
  assert.equal(texts().length, 10);
  assert.equal(texts().at(-1), "message 25");
  assert.match(trimmed.textContent ?? "", /25 older removed/);
  assert.equal(jump.textContent, "Jump to newest · 25 unread");
});

domTest("a burst while the tab sleeps makes no more rows than are kept", (document) => {
  const { add, texts } = logOf(document, 10);
  const create = document.createElement.bind(document);
  let made = 0;
  document.createElement = ((name: string) => {
    if (name === "li") made++;
    return create(name);
  }) as typeof document.createElement;
  add(...numbered(1000));
  assert.equal(made, 10);
  assert.equal(texts().at(-1), "message 1000");
});

domTest("rows enter the page by themselves", async (document) => {
  const { log, texts } = logOf(document);
  log.add({ kind: "message", text: "hello", at: new Date() });
  await until(() => texts().length === 1);
});

domTest("clear empties the list, forgets what was removed, and follows again", (document) => {
  const { log, trimmed, empty, jump, add, scrollTo, texts } = logOf(document, 10);
  add(...numbered(12));
  assert.equal(empty.hidden, true);
  scrollTo(0);
  log.clear();
  assert.deepEqual(texts(), []);
  assert.deepEqual([empty.hidden, trimmed.hidden, jump.hidden], [false, true, true]);
});
