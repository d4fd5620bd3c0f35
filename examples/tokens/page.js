// Asks, shows the answer as it comes, and lets the visitor stop it or cut the connection.
import { connect } from "../page/client.js";
import { element, make } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { Network } from "../page/network.js";
import { StatusBadge } from "../page/status.js";
import { Reader } from "./reader.js";
import { text } from "./text.js";

/** How an answer ends. @typedef {"complete" | "stopped" | "abandoned" | "failed" | "lost"} EndState */

fillIn(text);
const status = new StatusBadge({ badge: element("status") });
const conversation = element("conversation");
const field = /** @type {HTMLInputElement} */ (element("question"));
const network = new Network();

/** The answer that is being read. @type {{ id: string, close(): void } | undefined} */
let current;

/** @param {string} sentence @param {"error" | "ok"} [kind] */
function say(sentence, kind = "ok") {
  element("note").textContent = sentence;
  element("note").dataset.kind = kind;
}

/** Not `disabled`: a button that is disabled under the keyboard's focus throws the focus away. */
const enable = (/** @type {boolean} */ can) => {
  for (const id of ["stop", "cut"]) element(id).setAttribute("aria-disabled", String(!can));
};

const isEnabled = (/** @type {string} */ id) => element(id).getAttribute("aria-disabled") !== "true";

/** @param {string} className */
function addLine(className) {
  const line = make(document, "p", { className });
  element("empty").hidden = true;
  conversation.append(line);
  return line;
}

/** Adds to the conversation, and stays at its end unless the reader has scrolled up. @param {() => void} change */
function grow(change) {
  const { scrollHeight, scrollTop, clientHeight } = conversation;
  const following = scrollHeight - scrollTop - clientHeight < 40;
  change();
  if (following) conversation.scrollTop = conversation.scrollHeight;
}

/** Reads an answer from its beginning to its end, over as many connections as it takes. @param {string} id */
function read(id) {
  current?.close();
  const asked = addLine("asked");
  const answer = addLine("answer");
  answer.setAttribute("aria-busy", "true");
  conversation.scrollTop = conversation.scrollHeight;
  const reader = new Reader(answer, element("legend"));
  const stream = connect(`answers/${id}`, { fetch: network.fetch, retry: { base: 500 } });
  current = { id, close: () => stream.close() };

  const end = (/** @type {string} */ sentence, /** @type {"error" | "ok"} */ kind) => {
    answer.setAttribute("aria-busy", "false");
    enable(false);
    say(sentence, kind);
  };
  const showFigures = () => {
    for (const name of /** @type {const} */ (["tokens", "connections", "missing", "doubled"])) {
      element(name).textContent = reader[name].toLocaleString();
    }
  };
  stream.onstate = (state, detail) => {
    status.show(state, detail);
    if (state === "open") reader.opened();
    if (state === "open") say(text.state.growing);
    if (state === "waiting") say(text.state.lost);
    if (state === "closed") answer.setAttribute("aria-busy", "false");
    if (state === "closed" && detail.error) end(text.state.forgotten, "error");
    else if (state === "closed") element("status").textContent = ""; // it is over, and nothing is wrong
    showFigures();
  };
  stream.on("question", ({ data }) => grow(() => asked.textContent = JSON.parse(data).question));
  stream.on("token", (event) => {
    grow(() => reader.token(JSON.parse(event.data)));
    showFigures();
  });
  stream.on("live", () => reader.live());
  stream.on("end", ({ data }) => {
    const state = /** @type {EndState} */ (JSON.parse(data).state);
    stream.close();
    end(text.end[state](reader.tokens), state === "failed" || state === "lost" ? "error" : "ok");
  });
  enable(true);
  const device = /** @type {HTMLAnchorElement} */ (element("device"));
  device.href = `#${id}`;
  device.hidden = false;
}

/** @param {string} question */
async function ask(question) {
  try {
    const response = await fetch("answers", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ question, language: text.speaks }),
    });
    if (!response.ok) return say(text.state.refused, "error");
    const { id } = await response.json();
    field.value = "";
    history.replaceState(null, "", `#${id}`); // a reload finds it again
    read(id);
  } catch {
    say(text.state.unreachable, "error");
  }
}

element("form").addEventListener("submit", (event) => {
  event.preventDefault();
  void ask(field.value.trim() || field.placeholder);
});
element("suggestion").addEventListener("click", () => {
  field.focus(); // the button is about to vanish, and the keyboard's place must not vanish with it
  void ask(text.placeholder);
});

element("stop").addEventListener("click", async () => {
  if (!isEnabled("stop")) return;
  // The stream tells of the end, so there is nothing to do with an answer that is good.
  const response = await fetch(`answers/${current?.id}`, { method: "DELETE" }).catch(() => undefined);
  if (!response?.ok && isEnabled("stop")) say(text.state.unstopped, "error");
});
element("cut").addEventListener("click", () => {
  if (isEnabled("cut")) network.cut(3_000);
});

if (location.hash.length > 1) read(location.hash.slice(1));
