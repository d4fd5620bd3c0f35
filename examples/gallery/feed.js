// Reads the feed of prices, shows it on the wire and on the page, and lets the visitor cut the connection.
import { connectShared } from "../page/client.js";
import { element } from "../page/element.js";
import { Network } from "../page/network.js";
import { StatusBadge } from "../page/status.js";
import { common } from "../page/text.js";
import { whileVisible } from "../page/visible.js";
import { Account } from "./account.js";
import { Chart } from "./chart.js";
import { text } from "./text.js";
import { tapped, Wire } from "./wire.js";

/** For how long the connection stays cut, and after what time all that was missed has come. Milliseconds. */
const CUT = 5_000;
const SETTLED = 600;

const words = text.feed;

export function startFeed() {
  const network = new Network();
  const wire = new Wire(element("wire"));
  const chart = new Chart(element("chart"));
  const account = new Account();
  const badge = new StatusBadge({ badge: element("status") });
  const cut = element("cut");
  // The tabs share a connection: the one that holds it tells the others what it reads, and all are cut at once.
  const tabs = new BroadcastChannel("tidings front page");
  /** @type {ReturnType<typeof connectShared> | undefined} */
  let stream;
  let awaySince = 0;
  let arrived = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let settling;

  /** @param {string} sentence @param {"" | "away" | "well" | "alarm"} [kind] */
  function say(sentence, kind = "") {
    element("verdict").textContent = sentence;
    element("verdict").dataset.kind = kind;
  }

  /** @param {import("./wire.js").Kind} kind @param {string} line */
  function tell(kind, line) {
    wire.add(kind, line);
    tabs.postMessage({ kind, line });
  }

  function enterCut() {
    network.cut(CUT);
    cut.setAttribute("aria-disabled", "true");
    setTimeout(() => cut.removeAttribute("aria-disabled"), CUT + SETTLED);
    if (stream?.role !== "follower") tell("note", words.cutHere);
    say(words.whileAway, "away");
  }

  function leave() {
    if (awaySince !== 0 || account.received === 0) return;
    awaySince = performance.now();
    account.leave();
    chart.leave();
  }

  /** All that was sent meanwhile has come: says how much that was. */
  function settle() {
    const { sent, received } = account.away;
    if (sent === 0) return;
    say(words.verdict(sent, received), received === sent ? "well" : "alarm");
  }

  function show() {
    const now = performance.now();
    const seconds = Math.floor((now - (awaySince || now)) / 1_000);
    // While nothing arrives, time goes on: one event a second.
    chart.render(account.last + (awaySince ? seconds : 0), awaySince !== 0);
    const { first, last, received, missing } = account;
    if (received === 0) return;
    element("account").textContent = awaySince ? words.awayFor(seconds) : words.account(first, last, missing);
  }

  /** @param {import("../page/client.ts").StreamItem} item */
  function take(item) {
    if (item.kind === "gap") {
      account.gap(item.lastEventId);
      say(`${common.gap.title}. ${common.gap.reasons[item.reason ?? ""] ?? ""}`, "alarm");
    } else if (item.event === "message") {
      arrived = performance.now();
      const { number, late } = account.add(item.lastEventId, arrived);
      const before = Number(element("price").textContent);
      const value = Number(item.data);
      chart.add({ number, value, late });
      element("price").textContent = item.data;
      element("price").dataset.way = value < before ? "down" : "up";
      if (late) {
        clearTimeout(settling);
        settling = setTimeout(settle, SETTLED);
      }
    }
    show();
  }

  whileVisible(() => {
    const opened = connectShared("/gallery/prices", {
      fetch: tapped(network.fetch, tell),
      lastEventId: stream?.lastEventId ?? "",
      retry: { base: 500, max: 2_000 },
    });
    stream = opened;
    opened.onstate = (state, detail) => {
      badge.show(state, detail);
      if (state !== "open") return leave();
      account.back(performance.now());
      awaySince = 0;
      show();
    };
    opened.on(take);
    return () => {
      opened.onstate = undefined;
      opened.close();
      leave();
    };
  });
  tabs.onmessage = ({ data }) => {
    if (data.cut) enterCut();
    else if (stream?.role === "follower") wire.add(data.kind, data.line);
  };
  cut.addEventListener("click", () => {
    if (cut.getAttribute("aria-disabled") === "true") return;
    tabs.postMessage({ cut: true });
    enterCut();
  });
  setInterval(() => awaySince && show(), 1_000);
  say(words.hint);
}
