// Joins the modules to the document and to each other.
import { enableBroadcast } from "./broadcast.js";
import { Connection } from "./connection.js";
import { MessageLog } from "./log.js";
import { toRow } from "./row.js";
import { Stats } from "./stats.js";
import { StatusBadge } from "./status.js";
import { text } from "./text.js";

/** @typedef {import("./broadcast.js").Fetch} Fetch */

/**
 * @param {Document} document
 * @param {{ open?: (url: string) => EventSource, fetch?: Fetch }} [network] stand-ins, in tests
 */
export function startApp(document, network = {}) {
  /** @param {string} id */
  const element = (id) => {
    const found = document.getElementById(id);
    if (!found) throw new Error(`The page has no element with the id "${id}"`);
    return found;
  };
  const connect = element("connect");
  const disconnect = element("disconnect");

  const log = new MessageLog({
    scroller: element("scroller"),
    list: element("messages"),
    trimmed: element("trimmed"),
    empty: element("empty"),
    jump: element("jump"),
  });
  const badge = new StatusBadge({ badge: element("status"), detail: element("status-detail") });
  const stats = new Stats("/stats", document.querySelectorAll("[data-stat]"), network);

  const connection = new Connection("/stream", {
    ...network,
    // The cursor carries nothing to show, but its id is the place to come back to before the first message.
    events: ["message", "gap", "tidings-cursor"],
    onEvent: (event) => {
      if (event.name !== "tidings-cursor") log.add(toRow(event));
    },
    onStatus: (status) => {
      badge.show(status);
      // Not `disabled`: a button that is disabled under the keyboard's focus throws the focus away.
      connect.setAttribute("aria-disabled", String(status.state === "connecting" || status.state === "live"));
      connect.textContent = status.state === "waiting" ? text.tryNow : text.connect;
      disconnect.setAttribute("aria-disabled", String(status.state === "closed"));
      if (status.state !== "live") stats.reset();
      look();
    },
  });
  const look = () => stats.setActive(connection.state === "live" && !document.hidden);

  connect.addEventListener("click", () => connection.connect());
  disconnect.addEventListener("click", () => connection.disconnect());
  element("clear").addEventListener("click", () => log.clear());
  document.addEventListener("visibilitychange", look);
  document.defaultView?.addEventListener("online", () => {
    if (connection.state === "waiting") connection.connect();
  });
  enableBroadcast({
    form: /** @type {HTMLFormElement} */ (element("broadcast")),
    field: /** @type {HTMLInputElement} */ (element("text")),
    note: element("broadcast-note"),
  }, { url: "/broadcast", ...network });

  connection.connect();
  return connection;
}
