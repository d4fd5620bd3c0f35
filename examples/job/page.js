// Begins a job, and follows the one that the address names.
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { Note } from "../page/note.js";
import { followState } from "../page/state.js";
import { StatusBadge } from "../page/status.js";
import { hideJob, showJob } from "./progress.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status") });
const note = new Note(element("note"));
const cancel = element("cancel");
note.say(text.none, { about: "job" });

/** The job that is followed. @type {{ id: string, close(): void } | undefined} */
let current;

/** @param {string} id */
function follow(id) {
  current?.close();
  /** @type {import("./progress.js").State} */
  let state = "running";
  /** @type {import("./progress.js").Progress | undefined} */
  let progress;
  const show = () => {
    const sentence = progress && showJob(state, progress);
    if (sentence) note.say(sentence, { about: "job" });
    else note.over("connection", "job");
    cancel.setAttribute("aria-disabled", String(state !== "running"));
    element("start").textContent = text.again;
  };
  const stream = followState(`jobs/${id}`, {
    progress(news) {
      progress = news;
      show();
    },
    end(news) {
      state = news.state;
      show();
      stream.close();
    },
  }, {
    first: ["progress"],
    retry: { base: 500, max: 5_000 },
    onstate(connection, detail) {
      if (current?.id !== id) return; // the job before this one
      status.show(connection, detail);
      // Once the server is reached again, what could not be done meanwhile is past, too.
      if (connection === "open") note.over("connection", "unreached");
      if (connection === "waiting") note.say(text.lost, { about: "connection", kind: "error" });
      if (connection === "closed") cancel.setAttribute("aria-disabled", "true");
      if (connection === "closed" && detail.error) {
        note.say(text.unknown, { about: "job", kind: "error" });
        hideJob();
        element("start").textContent = text.start;
      } else if (connection === "closed") element("status").textContent = ""; // it is over, and nothing is wrong
    },
  });
  current = { id, close: () => stream.close() };
  const tab = /** @type {HTMLAnchorElement} */ (element("tab"));
  tab.href = location.href;
}

element("start").addEventListener("click", async () => {
  note.over("action", "unreached");
  const response = await fetch("jobs", { method: "POST" }).catch(() => undefined);
  if (!response) return note.say(text.unbegun, { about: "unreached", kind: "error" });
  if (!response.ok) return note.say(text.refused, { about: "action", kind: "error" });
  const { id } = await response.json();
  const address = new URL(location.href);
  address.searchParams.set("job", id);
  history.pushState(null, "", address); // the way back leads to the job before
  fillIn(text); // the link to the other language names the job too
  note.say("", { about: "job" });
  follow(id);
});

cancel.addEventListener("click", async () => {
  if (cancel.getAttribute("aria-disabled") === "true") return;
  note.over("action", "unreached");
  // The stream tells of the end, in every tab.
  const response = await fetch(`jobs/${current?.id}`, { method: "DELETE" }).catch(() => undefined);
  if (!response) note.say(text.uncancelled, { about: "unreached", kind: "error" });
  else if (!response.ok) note.say(text.notCancelled(response.status), { about: "action", kind: "error" });
});

function start() {
  const id = new URLSearchParams(location.search).get("job");
  if (id) follow(id);
}
addEventListener("popstate", () => location.reload());
start();
