// Reads one stream by connectShared() and by a bare EventSource, and has buttons that take its server away.
import { connectShared } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { closeWithPage } from "../page/leave.js";
import { Note } from "../page/note.js";
import { StatusBadge } from "../page/status.js";
import { Tally } from "./tally.js";
import { text } from "./text.js";

/** For how long a button takes the server away. */
const SECONDS = 8;

fillIn(text);
const note = new Note(element("note"), text.trouble.hint);

/** @param {string} url */
function readWithOurs(url) {
  const tally = new Tally({ list: element("ours"), count: element("ours-count") });
  const status = new StatusBadge({ badge: element("ours-status") });
  const stream = connectShared(url, { credentials: "include", retry: { base: 1000, max: 3000 } });
  closeWithPage(() => stream.close());
  stream.onstate = (state, detail) => {
    status.show(state, detail);
    if (state === "open") note.over("failure"); // the buttons' server is the same process
  };
  for (const name of ["message", "test-event", "tidings-cursor"]) stream.on(name, (item) => tally.add(item));
  stream.on("gap", ({ lastEventId }) => tally.add({ event: "gap", data: "", lastEventId }));
}

/**
 * Reads with a bare EventSource, in one tab at a time: each is a connection of its own, and a browser opens six to a
 * server, so the seventh tab would hang.
 *
 * @param {string} url
 */
function readBare(url) {
  const badge = element("bare-status");
  const count = element("bare-count");
  // Pages that are not secure have no locks.
  if (!navigator.locks) return openBare(url, badge, count);
  badge.textContent = text.elsewhere;
  count.textContent = text.taken;
  navigator.locks.request(`bare EventSource of ${url}`, () => {
    count.textContent = text.nothing;
    openBare(url, badge, count);
    return new Promise(() => {}); // until the tab is closed
  });
}

/** @param {string} url @param {HTMLElement} badge @param {HTMLElement} count */
function openBare(url, badge, count) {
  const tally = new Tally({ list: element("bare"), count });
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

/** @type {ReturnType<typeof setTimeout> | undefined} */
let ending;

/** @param {string} kind */
async function makeTrouble(kind) {
  note.over("failure");
  const query = `kind=${kind}&seconds=${SECONDS}`;
  const response = await fetch(`trouble?${query}`, { method: "POST" }).catch(() => undefined);
  if (!response?.ok) {
    const sentence = response ? text.trouble.refused(response.status) : text.trouble.unanswered;
    note.say(sentence, { about: "failure", kind: "error" });
    return;
  }
  note.say(text.trouble.done(kind, SECONDS), { about: "trouble" });
  clearTimeout(ending);
  ending = setTimeout(() => note.over("trouble"), SECONDS * 1_000);
}

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
