// Reads the numbers from whichever node the proxy gives, counts them, and lets the visitor break things.
import { connect } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { StatusBadge } from "../page/status.js";
import { Machines } from "./machines.js";
import { Tabs } from "./tabs.js";
import { Tally } from "./tally.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
const tally = new Tally();
const tabs = new Tabs();
let node = "";
let moves = 0;

// A frozen server says nothing for ever: any byte resets this, and keepalives come every 5 s.
const stream = connect("../events", { stallTimeout: 15_000, retry: { base: 200, max: 2_000 } });
stream.onstate = (state, detail) => {
  status.show(state, detail);
  if (state !== "open") return;
  const now = detail.response?.headers.get("x-node") ?? "?";
  if (node !== "" && node !== now) moves++;
  node = now;
  show();
  showTabs();
  showMachines();
};
stream.on("message", ({ data }) => tally.add(Number(data)));
stream.on("gap", () => tally.gap());

function show() {
  element("node").textContent = node || text.nowhere;
  element("last").textContent = String(tally.last);
  element("gaps").textContent = String(tally.gaps);
  element("moves").textContent = String(moves);
  for (const name of /** @type {const} */ (["lost", "doubled"])) {
    element(name).textContent = String(tally[name]);
    element(name).toggleAttribute("data-wrong", tally[name] > 0);
  }
}

function showTabs() {
  const { last, lost, doubled, gaps } = tally;
  const own = { node: node || text.nowhere, last, lost, doubled, gaps };
  tabs.tell(own);
  const rows = [{ ...own, id: text.thisTab }, ...tabs.others()].map((tab) => {
    const row = document.createElement("tr");
    for (const value of [tab.id, tab.node, tab.last, tab.lost, tab.doubled]) {
      row.insertCell().textContent = String(value);
    }
    return row;
  });
  element("tabs").replaceChildren(...rows);
}

const machines = new Machines(element("machines"), async (name, act) => {
  const response = await fetch(`act?on=${name}&act=${act}`, { method: "POST" }).catch(() => undefined);
  element("note").textContent = response?.ok ? text.hint : text.failed;
  element("note").dataset.kind = response?.ok ? "ok" : "error";
  await showMachines();
});

async function showMachines() {
  const response = await fetch("figures").catch(() => undefined);
  if (!response?.ok) return;
  const { redis, nodes, acknowledged, waiting } = await response.json();
  for (const machine of [...nodes, redis]) machines.show(machine, machine.name === node);
  // What arrived here since the question was asked is published, too.
  element("acknowledged").textContent = String(Math.max(acknowledged, tally.last));
  element("waiting").textContent = waiting;
}

setInterval(show, 100);
setInterval(showTabs, 500);
setInterval(showMachines, 700);
show();
showTabs();
showMachines();
