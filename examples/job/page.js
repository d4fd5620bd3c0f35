// Begins a job, and follows the one that the address names.
import { connect } from "../page/client.js";
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { StatusBadge } from "../page/status.js";
import { showJob } from "./progress.js";
import { text } from "./text.js";

fillIn(text);
const status = new StatusBadge({ badge: element("status") });
const cancel = element("cancel");

/** The job that is followed. @type {{ id: string, close(): void } | undefined} */
let current;

/** @param {string} sentence @param {"error" | "ok"} [kind] */
function say(sentence, kind = "ok") {
  element("note").textContent = sentence;
  element("note").dataset.kind = kind;
}

/** @param {string} id */
function follow(id) {
  current?.close();
  const stream = connect(`jobs/${id}`, { retry: { base: 500, max: 5_000 } });
  current = { id, close: () => stream.close() };
  stream.onstate = (state, detail) => {
    status.show(state, detail);
    if (state === "waiting") say(text.lost, "error");
    if (state === "closed") cancel.setAttribute("aria-disabled", "true");
    if (state === "closed" && detail.error) {
      say(text.unknown, "error");
      element("start").textContent = text.start;
    } else if (state === "closed") element("status").textContent = ""; // it is over, and nothing is wrong
  };
  stream.on("state", ({ data }) => {
    const job = JSON.parse(data);
    say(showJob(job));
    cancel.setAttribute("aria-disabled", String(job.state !== "running"));
    element("start").textContent = text.again;
    if (job.state !== "running") stream.close();
  });
  const tab = /** @type {HTMLAnchorElement} */ (element("tab"));
  tab.href = location.href;
}

element("start").addEventListener("click", async () => {
  try {
    const response = await fetch("jobs", { method: "POST" });
    if (!response.ok) return say(text.refused, "error");
    const { id } = await response.json();
    const address = new URL(location.href);
    address.searchParams.set("job", id);
    history.pushState(null, "", address); // the way back leads to the job before
    fillIn(text); // the link to the other language names the job too
    follow(id);
  } catch {
    say(text.lost, "error");
  }
});

cancel.addEventListener("click", async () => {
  if (cancel.getAttribute("aria-disabled") === "true") return;
  // The stream tells of the end, in every tab.
  await fetch(`jobs/${current?.id}`, { method: "DELETE" }).catch(() => say(text.uncancelled, "error"));
});

function start() {
  const id = new URLSearchParams(location.search).get("job");
  if (id) follow(id);
}
addEventListener("popstate", () => location.reload());
start();
