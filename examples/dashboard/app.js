// Joins the modules to the document and to each other.
import { element as elementOf } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { StatusBadge } from "../page/status.js";
import { enableBroadcast } from "./broadcast.js";
import { enableStall, showClients } from "./clients.js";
import { Figures } from "./figures.js";
import { MessageLog } from "./log.js";
import { OwnNumber } from "./own.js";
import { Rate } from "./rate.js";
import { toRow } from "./row.js";
import { text } from "./text.js";

/** @typedef {import("./broadcast.js").Fetch} Fetch */
/** @typedef {typeof import("../page/client.ts").connectShared} Connect */

/**
 * @param {Document} document
 * @param {{ connect: Connect, fetch?: Fetch }} network
 */
export function startApp(document, { connect, ...network }) {
  /** @param {string} id */
  const element = (id) => elementOf(id, document);
  fillIn(text, document);
  const connectButton = element("connect");
  const disconnectButton = element("disconnect");
  const log = new MessageLog({
    scroller: element("scroller"),
    list: element("messages"),
    trimmed: element("trimmed"),
    empty: element("empty"),
    jump: element("jump"),
  });
  const status = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
  const figures = new Figures(document.querySelectorAll("[data-stat]"));
  const rate = new Rate({
    plot: element("rate"),
    top: element("rate-top"),
    here: element("rate-here"),
    there: element("rate-there"),
  });

  /** @type {ReturnType<Connect> | undefined} */
  let stream;
  const own = new OwnNumber();

  /** Opens the stream, at the place where the last one was left. */
  function open() {
    const opened = connect("../stream?topics=registry,pulse", { lastEventId: stream?.lastEventId ?? "" });
    stream?.close();
    stream = opened;
    opened.onstate = (state, detail) => {
      if (opened !== stream) return;
      status.show(state, detail);
      // Not `disabled`: a button that is disabled under the keyboard's focus throws the focus away.
      connectButton.setAttribute("aria-disabled", String(state === "connecting" || state === "open"));
      connectButton.textContent = state === "waiting" ? text.tryNow : text.connect;
      disconnectButton.setAttribute("aria-disabled", String(state === "closed"));
      if (state === "open") own.learn(detail.response);
      else figures.show({});
    };
    opened.on((item) => {
      rate.count();
      if (item.kind === "gap") log.add(toRow(item));
      else if (item.event === "message") log.add(toRow(item));
      else if (item.event === "registry") report(JSON.parse(item.data));
    });
    opened.closed.catch(() => {}); // the badge says it
  }

  /** @param {{ stats: Record<string, number>, clients: import("./registry.ts").Row[], stalledRead?: number }} news */
  function report({ stats, clients, stalledRead }) {
    figures.show(stats);
    showClients(element("clients"), clients, own.number);
    rate.tick(stalledRead);
  }

  connectButton.addEventListener("click", () => {
    if (connectButton.getAttribute("aria-disabled") !== "true") open();
  });
  disconnectButton.addEventListener("click", () => stream?.close());
  element("clear").addEventListener("click", () => log.clear());
  enableBroadcast({
    form: /** @type {HTMLFormElement} */ (element("broadcast")),
    field: /** @type {HTMLInputElement} */ (element("text")),
    note: element("broadcast-note"),
  }, { url: "../broadcast", ...network });
  enableStall({ button: element("stall"), note: element("stall-note") }, network);
  open();
  return { close: () => stream?.close() };
}
