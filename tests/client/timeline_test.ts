// Tests the line that tabs share, without browsers: who is behind, who is ahead, what is a repetition, and what is
// lost. The
// browsers' own behaviour is checked in tests/browser/client_shared.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTimeline, type Entry, type Timeline } from "../../lib/client/timeline.ts";
import type { WireItem } from "../../lib/client/items.ts";
import { createSource } from "../../lib/client/source.ts";

const event = (id: string, data = id): WireItem => ({
  kind: "event",
  event: "message",
  data,
  lastEventId: id,
});
const shown = (items: WireItem[] | undefined): unknown =>
  items?.map((item) => item.kind === "event" ? item.data : item.kind);
/** What a gap carries: it is an event until it is handed out. */
const gaps = (items: WireItem[]): unknown[] =>
  items.map((item) => item.kind === "event" && [item.event, JSON.parse(item.data), item.lastEventId]);

/** A leader at this id that has published these events, and the entries that it sent. */
function leader(term: string, ids: string[], size = 100): { tab: Timeline; sent: Entry[] } {
  const tab = createTimeline("", size);
  tab.lead(term);
  return { tab, sent: ids.map((id) => tab.append(event(id))) };
}

/** A tab that joins a leader. */
function joined(to: Timeline, lastEventId = "", size = 100): Timeline {
  const tab = createTimeline(lastEventId, size);
  tab.accept(to.answer(undefined, lastEventId));
  return tab;
}

test("a new tab begins where the leader is, and follows", () => {
  const { tab: a } = leader("A", ["1", "2"]);
  const b = createTimeline("", 100);
  assert.deepEqual(b.accept(a.answer(undefined, "")), [], "what was before is not its own");
  assert.equal(b.lastEventId, "2");
  assert.deepEqual(shown(b.follow(a.append(event("3")))), ["3"]);
  assert.deepEqual(b.place, ["A", 3]);
});

test("a new tab with an id gets what came after it", () => {
  const { tab: a } = leader("A", ["1", "2", "3"]);
  const b = createTimeline("1", 100);
  assert.deepEqual(shown(b.accept(a.answer(undefined, "1"))), ["2", "3"]);
});

test("a new tab with an id that is not remembered gets a gap", () => {
  const { tab: a } = leader("A", ["1", "2", "3"], 2);
  const b = createTimeline("1", 100);
  const items = b.accept(a.answer(undefined, "1"));
  const gap = { requested: "1", resumedAt: "3", reason: "missed while another tab held the connection" };
  assert.deepEqual(gaps(items), [["gap", gap, "3"]]);
  assert.deepEqual(shown(b.follow(a.append(event("4")))), ["4"], "and goes on");
});

test("an entry that comes twice is taken once, and a hole makes the tab ask", () => {
  const { tab: a } = leader("A", []);
  const b = joined(a);
  const entries = ["1", "2", "3"].map((id) => a.append(event(id)));
  assert.deepEqual(shown(b.follow(entries[0]!)), ["1"]);
  assert.deepEqual(b.follow(entries[0]!), []);
  assert.equal(b.follow(entries[2]!), undefined);
  assert.deepEqual(shown(b.accept(a.answer(b.place, b.lastEventId))), ["2", "3"]);
});

test("a tab that is behind the new leader gets the rest of the old term from it", () => {
  const { tab: a } = leader("A", []);
  const [b, c] = [joined(a), joined(a)];
  for (const id of ["1", "2", "3"]) {
    const entry = a.append(event(id));
    b.follow(entry);
    if (id === "1") c.follow(entry);
  }
  b.lead("B");
  const live = b.append(event("4"));
  assert.equal(c.follow(live), undefined, "a term it does not know");
  assert.deepEqual(shown(c.accept(b.answer(c.place, c.lastEventId))), ["2", "3", "4"]);
  assert.deepEqual(shown(c.follow(b.append(event("5")))), ["5"]);
});

test("a tab that is ahead of the new leader drops what comes again, and only that", () => {
  const { tab: a } = leader("A", []);
  const [b, c] = [joined(a), joined(a)];
  const entries = ["1", "2", "3"].map((id) => a.append(event(id)));
  b.follow(entries[0]!);
  assert.deepEqual(shown(entries.flatMap((entry) => c.follow(entry)!)), ["1", "2", "3"]);
  // The new leader goes on from id 1, so the server sends 2 and 3 again.
  b.lead("B");
  assert.deepEqual(c.accept(b.answer(c.place, c.lastEventId)), []);
  const again = ["2", "3", "4"].map((id) => b.append(event(id)));
  assert.deepEqual(again.map((entry) => shown(c.follow(entry))), [[], [], ["4"]]);
  // What the old leader still had under way is not part of the line any more.
  assert.deepEqual(c.follow(entries[2]!), []);
  assert.deepEqual(c.follow({ ...entries[2]!, place: ["A", 4] }), []);
});

test("a tab that was ahead has the leader's line when it leads itself", () => {
  const { tab: a } = leader("A", []);
  const [b, c, d] = [joined(a), joined(a), joined(a)];
  const entries = ["1", "2"].map((id) => a.append(event(id)));
  [b, c, d].forEach((tab) => tab.follow(entries[0]!));
  c.follow(entries[1]!);
  b.lead("B");
  for (const tab of [c, d]) tab.accept(b.answer(tab.place, tab.lastEventId));
  const again = b.append(event("2"));
  assert.deepEqual(c.follow(again), []);
  // d has not seen "2" at all when c takes over.
  c.lead("C");
  assert.deepEqual(shown(d.accept(c.answer(d.place, d.lastEventId))), ["2"]);
});

test("events without ids of their own are never taken for repetitions", () => {
  const { tab: a } = leader("A", []);
  const [b, c] = [joined(a), joined(a)];
  c.follow(a.append(event("", "tick")));
  b.lead("B");
  c.accept(b.answer(c.place, c.lastEventId));
  assert.deepEqual(shown(c.follow(b.append(event("", "tick")))), ["tick"]);
});

test("an id that came alone is followed, and counts for whoever takes over", () => {
  const { tab: a } = leader("A", []);
  const b = joined(a);
  assert.deepEqual(b.follow(a.append({ lastEventId: "c1" })), []);
  assert.equal(b.lastEventId, "c1");
});

test("a tab that slept through what is remembered gets a gap", () => {
  const { tab: a } = leader("A", ["0"], 3);
  const b = joined(a);
  for (let n = 1; n < 10; n++) a.append(event(String(n)));
  const items = b.accept(a.answer(b.place, b.lastEventId));
  const gap = { requested: "0", resumedAt: "9", reason: "missed while another tab held the connection" };
  assert.deepEqual(gaps(items), [["gap", gap, "9"]]);
});

test("a cursor among what comes again does not end the repetition", { timeout: 10_000 }, async () => {
  const { tab: a } = leader("A", []);
  const [b, c] = [joined(a), joined(a)];
  for (const id of ["1", "2", "3"]) c.follow(a.append(event(id)));
  b.lead("B");
  c.accept(b.answer(c.place, c.lastEventId));
  // A server of somebody else's may send one of the same name at any time.
  const cursor = "id: x\nevent: tidings-cursor\ndata:\n\n";
  const chunks = [
    cursor,
    "id: 1\ndata: 1\n\nid: 2\ndata: 2\n\n",
    `${cursor}id: 3\ndata: 3\n\nid: 4\ndata: 4\n\n`,
  ];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const source = createSource("http://127.0.0.1:9", {
    fetch: () => Promise.resolve(new Response(body, { headers })),
    retry: false,
  });
  const got: WireItem[] = [];
  await source(
    "",
    new AbortController().signal,
    () => {},
    (item) => void got.push(...c.follow(b.append(item))!),
  );
  assert.deepEqual(shown(got), ["4"]);
});
