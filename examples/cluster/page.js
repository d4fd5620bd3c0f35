// Reads the numbers from whichever node the proxy gives, counts them, and lets the visitor break things.
import { connectShared } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { StatusBadge } from "../page/status.js";
import { takeLane } from "./lane.js";
import { Machines } from "./machines.js";
import { Tabs } from "./tabs.js";
import { Tally } from "./tally.js";
import { text } from "./text.js";
import { Timeline } from "./timeline.js";

/** @typedef {import("./machines.js").Machine} Machine */
/** @typedef {import("./machines.js").Engine} Engine */

fillIn(text);
nameEngine(undefined);
const status = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
const tally = new Tally();
const lane = takeLane();
const tabs = new Tabs();
const timeline = new Timeline({
  lanes: element("lanes"),
  start: element("axis-start"),
  list: element("outages"),
  none: element("nothing-killed"),
});
/** What this tab is on, or was on last. */
let node = "";
let moves = 0;
/** Why nothing can arrive though the connection stands; empty if it can. */
let stuck = "";

const stream = connectShared("../events", {
  name: `cluster lane ${lane}`,
  // A frozen server says nothing for ever: any byte resets this, and keepalives come every 5 s.
  stallTimeout: 15_000,
  retry: { base: 200, max: 2_000 },
});
stream.onstate = (state, detail) => {
  if (state === "open" && stuck !== "") status.showStuck(stuck);
  else status.show(state, detail);
  const told = detail.response?.headers.get("x-node");
  if (told) moveTo(told);
  show();
  showTabs();
  showMachines();
};
stream.on("message", ({ data }) => tally.add(Number(data)));
stream.on("gap", () => tally.gap());

/** @param {string} now */
function moveTo(now) {
  if (node !== "" && node !== now) moves++;
  node = now;
}

/** Only the tab that holds the connection has seen the response, which says whose it is: the others are told by that tab. */
function askHolder() {
  if (stream.role !== "follower") return;
  const holder = tabs.others().find((tab) => tab.lane === lane && tab.holds);
  if (holder?.node) moveTo(holder.node);
}

/** The node that this tab is on now; empty while it is on none. */
const here = () => stream.state === "open" ? node : "";

function show() {
  askHolder();
  element("node").textContent = here() || text.nowhere;
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
  const holds = stream.role !== "follower";
  const own = { lane, holds, node: here(), last, lost, doubled, gaps };
  tabs.tell(own);
  const rows = [{ ...own, id: text.thisTab }, ...tabs.others()].map((tab) => {
    const row = document.createElement("tr");
    for (const value of [tab.id, tab.node || text.nowhere, tab.last, tab.lost, tab.doubled]) {
      row.insertCell().textContent = String(value);
    }
    return row;
  });
  element("tabs").replaceChildren(...rows);
}

/** @param {string} sentence @param {"error" | "ok"} kind */
function say(sentence, kind) {
  const note = element("note");
  if (note.textContent === sentence) return;
  note.textContent = sentence;
  note.dataset.kind = kind;
}

const machines = new Machines(element("machines"), async (name, act) => {
  const response = await fetch(`act?on=${name}&act=${act}`, { method: "POST" }).catch(() => undefined);
  if (response) say(response.ok ? text.hint : text.failed, response.ok ? "ok" : "error");
  await showMachines();
});

async function showMachines() {
  const response = await fetch("figures").catch(() => undefined);
  if (!response?.ok) {
    machines.forget();
    say(text.unreachable, "error");
    return;
  }
  const { engine, nodes, acknowledged, waiting, outages, now } = await response.json();
  nameEngine(engine.title);
  for (const machine of nodes) machines.show(machine, machine.name === here());
  machines.showEngine(engine);
  if (element("note").textContent === text.unreachable) say(text.hint, "ok");
  judge(engine, nodes);
  // Only what has a server can be away.
  const names = [...nodes, ...(isServer(engine) ? [engine] : [])].map(({ name }) => name);
  timeline.show({ names, outages, now: Date.now() - now }, tally);
  // What arrived here since the question was asked is published, too.
  element("acknowledged").textContent = String(Math.max(acknowledged, tally.last));
  element("waiting").textContent = waiting;
}

/** Says what holds the log, once that is known. @param {string | undefined} title */
function nameEngine(title) {
  element("lede").textContent = text.lede(title);
  element("waiting-for").textContent = text.waiting(title);
}

/** Whether the engine has a server that was started with the others. @param {Engine} engine */
function isServer({ state }) {
  return state !== "file" && state !== "elsewhere";
}

/** Sees whether anything can arrive. @param {Engine} engine @param {Machine[]} nodes */
function judge(engine, nodes) {
  const { state, title } = engine;
  const isDown = isServer(engine) && state !== "up";
  const isBlind = nodes.some(({ name, ok }) => name === node && ok === false);
  const why = isDown ? text.stuck.down(title) : isBlind ? text.stuck.blind(node, title) : "";
  if (why === stuck) return;
  stuck = why;
  if (stream.state !== "open") return;
  if (stuck === "") status.show("open");
  else status.showStuck(stuck);
}

setInterval(show, 100);
setInterval(showTabs, 500);
setInterval(() => timeline.mark(tally), 250);
setInterval(showMachines, 700);
show();
showTabs();
showMachines();
