// Tests the timeline of the cluster's page: who was away when, and what was counted since.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Outages } from "../../examples/cluster/parts/outages.ts";
import { span, Timeline } from "../../examples/cluster/timeline.js";
import { domTest } from "../support/page.ts";

test("an outage begins when a process goes and ends when it is back; the oldest are forgotten", () => {
  const outages = new Outages();
  outages.down("bun", "killed");
  outages.down("redis", "died");
  outages.up("bun");
  outages.up("node");
  const told = () => outages.list.map(({ name, how, back }) => `${name} ${how} ${back ? "back" : "away"}`);
  assert.deepEqual(told(), ["bun killed back", "redis died away"]);
  outages.down("bun", "restarted");
  assert.deepEqual(told().at(-1), "bun restarted away");
  for (let n = 0; n < 30; n++) outages.down("node", "killed");
  assert.deepEqual([outages.list.length, outages.list.at(-1)!.number], [20, 33]);
});

test("an outage lies in its lane by its time, two minutes wide", () => {
  const now = 1_000_000;
  assert.deepEqual(span({ at: now - 60_000, back: now - 30_000 }, now), { left: 50, width: 25 });
  assert.deepEqual(span({ at: now - 30_000 }, now), { left: 75, width: 25 });
  assert.deepEqual(span({ at: now - 150_000, back: now - 60_000 }, now), { left: 0, width: 50 });
  assert.equal(span({ at: now - 200_000, back: now - 150_000 }, now), undefined);
});

domTest("each outage is told with what was counted since, the newest first", (document) => {
  const make = (tag: string) => document.createElement(tag);
  const elements = { lanes: make("div"), start: make("span"), list: make("ol"), none: make("p") };
  const timeline = new Timeline(elements);
  const rows = () =>
    [...elements.list.children].map((row) => {
      const [what, since] = [...row.querySelectorAll("p > span, small")].map((e) => e.textContent);
      return `${row.querySelector("b")!.textContent} ${what} | ${since}`;
    });
  const names = ["bun", "redis"];
  timeline.show({ names, outages: [], now: 0 }, { received: 0, lost: 0, doubled: 0 }, 1_000);
  assert.equal(elements.none.hidden, false);
  timeline.mark({ received: 100, lost: 1, doubled: 0 }, 9_000);
  timeline.mark({ received: 120, lost: 3, doubled: 0 }, 11_000);
  const outages = [
    { number: 1, name: "redis", how: "died", at: 5_000, back: 6_000 },
    { number: 2, name: "bun", how: "killed", at: 9_500 },
  ] as const;
  const counts = { received: 150, lost: 3, doubled: 2 };
  // The server's clock is a second behind.
  timeline.show({ names, outages: [...outages], now: 1_000 }, counts, 12_000);
  assert.deepEqual(rows(), [
    "bun killed, away | Since then 50 numbers: 2 lost, 2 doubled",
    "redis died, back after 1.0 s | Before this tab was open",
  ]);
  assert.equal(elements.none.hidden, true);
  assert.equal(elements.lanes.querySelectorAll("i").length, 2);
  const [row] = elements.list.children;
  timeline.show({ names, outages: [{ ...outages[1], back: 11_300 }], now: 1_000 }, counts, 13_000);
  assert.deepEqual(rows(), ["bun killed, back after 1.8 s | Since then 50 numbers: 2 lost, 2 doubled"]);
  assert.equal(elements.list.children[0], row, "a row stays, and is not read out again");
});
