// Runs the admin page: it signs in, shows the figures as they come, publishes, and watches.
import { connect } from "./client.js";

const MOST_ARRIVALS = 100;
const STATES = { connecting: "Connecting", open: "Live", waiting: "Waiting", closed: "Closed" };

/** @template {HTMLElement} [T=HTMLInputElement] @param {string} id @returns {T} */
const at = (id) => /** @type {T} */ (document.getElementById(id));

/** @param {string} tag @param {string} className @param {...(Node | string)} children text is never taken for markup */
function make(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

/** @param {string} id @param {string} text @param {boolean} [isError] */
function note(id, text, isError = false) {
  const hint = at(id);
  hint.textContent = text;
  hint.dataset.kind = isError ? "error" : "";
}

/** @param {string} path @param {string} method @param {object} [body] @returns {Promise<any>} Throws what the hub says is wrong. */
async function ask(path, method, body) {
  const response = await fetch(`/admin/${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  if (response.status === 401 && path !== "session") show(false);
  throw new Error(answer.detail);
}

/** @type {{ close(): void } | undefined} */
let figures;
/** @type {{ close(): void } | undefined} */
let watched;

// Signing in and out

/** @param {boolean} isOpen */
function show(isOpen) {
  at("closed").hidden = isOpen;
  at("open").hidden = !isOpen;
  at("leave").hidden = !isOpen;
  figures?.close();
  figures = undefined;
  if (isOpen) {
    follow();
    at("topic").focus();
    return;
  }
  unwatch();
  at("status").textContent = "";
  at("token").focus();
}

at("enter").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask("session", "POST", { token: at("token").value });
    at("token").value = "";
    note("enter-note", "");
    // A cookie that is for HTTPS alone is not kept over HTTP.
    const { open } = await ask("session", "GET");
    if (!open) {
      throw new Error("The browser kept no session: open this page by the hub's public address, over HTTPS");
    }
    show(true);
  } catch (error) {
    note("enter-note", /** @type {Error} */ (error).message, true);
  }
});

at("leave").addEventListener("click", async () => {
  await ask("session", "DELETE").catch(() => {});
  show(false);
});

// Figures

function follow() {
  const stream = connect("/admin/figures");
  figures = stream;
  stream.onstate = (state, { error }) => {
    if (figures !== stream) return;
    at("status").dataset.state = state;
    at("status").textContent = STATES[state];
    if (/** @type {any} */ (error)?.response?.status === 401) show(false);
  };
  /** @type {any} */
  let before;
  stream.on("figures", ({ data }) => {
    const now = JSON.parse(data);
    for (const each of document.querySelectorAll("[data-figure]")) {
      each.textContent = now[/** @type {HTMLElement} */ (each).dataset.figure ?? ""].toLocaleString();
    }
    const seconds = before === undefined ? 0 : (now.at - before.at) / 1000;
    for (const each of document.querySelectorAll("[data-rate]")) {
      const name = /** @type {HTMLElement} */ (each).dataset.rate ?? "";
      if (seconds > 0) each.textContent = rate((now[name] - before[name]) / seconds);
    }
    // Two that came together say nothing of a second.
    if (before === undefined || seconds > 0.2) before = now;
    note("health", now.isReady ? "" : "The hub cannot publish now: its engine is away.", !now.isReady);
    showTopics(now.topics);
  });
  stream.closed.catch(() => {}); // told by its state
}

/** @param {number} value */
function rate(value) {
  return Math.max(0, value).toLocaleString(undefined, { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** @param {{ topic: string, isPrivate: boolean, perMinute: number }[]} topics */
function showTopics(topics) {
  const busy = topics.filter(({ perMinute }) => perMinute >= 0.05);
  at("no-topics").hidden = busy.length > 0;
  at("topics").replaceChildren(...busy.map(({ topic, isPrivate, perMinute }) =>
    make(
      "tr",
      "",
      make("td", "", topic, ...(isPrivate ? [" ", make("span", "tag", "private")] : [])),
      make("td", "number", rate(perMinute)),
    )
  ));
}

// Publishing

at("publish").addEventListener("submit", async (event) => {
  event.preventDefault();
  const type = at("type").value;
  try {
    const { id } = await ask("publish", "POST", {
      topic: at("topic").value,
      data: at("data").value,
      private: at("private").checked,
      ...(type === "" ? {} : { event: type }),
    });
    note("publish-note", `Published, with the id ${id}.`);
  } catch (error) {
    note("publish-note", /** @type {Error} */ (error).message, true);
  }
});

// Watching

at("watch").addEventListener("submit", (event) => {
  event.preventDefault();
  if (watched !== undefined) return unwatch();
  at("arrivals").replaceChildren();
  const query = new URLSearchParams({ [at("match-type").value]: at("match").value });
  const stream = connect(`/admin/watch?${query}`);
  watched = stream;
  at("watch-button").textContent = "Stop";
  stream.onstate = async (state, { error }) => {
    if (watched !== stream) return;
    if (state !== "closed") {
      return note("watch-note", state === "open" ? "Updates are shown as they come." : STATES[state]);
    }
    const { response } = /** @type {any} */ (error) ?? {};
    const answer = await response?.json().catch(() => undefined);
    unwatch();
    note("watch-note", answer?.detail ?? "The stream has ended.", true);
    if (response?.status === 401) show(false);
  };
  stream.on((item) => {
    const { event: type, data, lastEventId } = item;
    arrive([item.kind === "gap" ? "gap" : type === "message" ? "" : type, lastEventId], data);
  });
  stream.closed.catch(() => {}); // told by its state
});

function unwatch() {
  const stream = watched;
  watched = undefined;
  stream?.close();
  at("watch-button").textContent = "Watch";
  note("watch-note", "");
}

/** @param {(string | undefined)[]} about @param {string} data */
function arrive(about, data) {
  const list = at("arrivals");
  const head = make(
    "div",
    "about",
    make("time", "", new Date().toLocaleTimeString()),
    ` ${about.filter(Boolean).join(" · ")}`,
  );
  list.prepend(make("li", "", head, make("pre", "", data)));
  while (list.children.length > MOST_ARRIVALS) list.lastElementChild?.remove();
}

ask("session", "GET").then(({ open }) => show(open), () => show(false));
