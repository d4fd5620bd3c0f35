// Reads one stream by connect() and by a bare EventSource, and has buttons that take its server away.
import { connect } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { closeWithPage } from "../page/leave.js";
import { StatusBadge } from "../page/status.js";
import { Tally } from "./tally.js";
import { text } from "./text.js";

/** @param {string} url */
function readWithOurs(url) {
  const tally = new Tally({ list: element("ours"), count: element("ours-count") });
  const status = new StatusBadge({ badge: element("ours-status") });
  const stream = connect(url, { credentials: "include", retry: { base: 1000, max: 3000 } });
  closeWithPage(() => stream.close());
  stream.onstate = (state, detail) => status.show(state, detail);
  for (const name of ["message", "test-event", "tidings-cursor"]) stream.on(name, (item) => tally.add(item));
  stream.on("gap", ({ lastEventId }) => tally.add({ event: "gap", data: "", lastEventId }));
}

/** @param {string} url */
function readBare(url) {
  const tally = new Tally({ list: element("bare"), count: element("bare-count") });
  const badge = element("bare-status");
  const status = new StatusBadge({ badge });
  const source = new EventSource(url, { withCredentials: true });
  status.show("connecting");
  source.onopen = () => status.show("open");
  source.onerror = () => {
    const dead = source.readyState === EventSource.CLOSED;
    status.show(dead ? "closed" : "connecting");
    badge.dataset.dead = String(dead);
    if (!dead) return;
    badge.textContent = text.dead;
    tally.end();
  };
  for (const name of ["message", "test-event", "tidings-cursor", "gap"]) {
    source.addEventListener(name, ({ data, lastEventId }) => tally.add({ event: name, data, lastEventId }));
  }
}

/** @param {string} kind */
async function makeTrouble(kind) {
  const note = element("note");
  const response = await fetch(`trouble?kind=${kind}`, { method: "POST" }).catch(() => undefined);
  note.textContent = response?.ok ? text.trouble.done(kind) : text.trouble.failed;
  note.dataset.kind = response?.ok ? "ok" : "error";
}

fillIn(text);
element("ours-count").textContent = element("bare-count").textContent = text.nothing;
const here = new URLSearchParams(location.search).get("from") === "here";
const url = here ? new URL("../events", location.href).href : (await (await fetch("neighbour")).json()).url;
element("where").textContent = here ? text.here : text.there(new URL(url).origin);
const elsewhere = /** @type {HTMLAnchorElement} */ (element("elsewhere"));
elsewhere.textContent = here ? text.goThere : text.goHere;
elsewhere.href = here ? "?from=there" : "?from=here";
for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-trouble]"))) {
  button.addEventListener("click", () => makeTrouble(button.dataset.trouble ?? ""));
}
readWithOurs(url);
readBare(url);
