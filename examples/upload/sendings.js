// Sends pictures, one upload at a time, and shows the progress of each.
import { make } from "../page/element.js";
import { formatSize } from "./size.js";
import { text as texts } from "./text.js";

const { phone: text } = texts;

/**
 * @typedef {object} SendingsOptions
 * @property {string} address where the pictures go
 * @property {number} largest bytes that one may have
 * @property {(status: number, answer: unknown) => string} problemOf a sentence for the server's refusal
 * @property {(problem: string) => void} onEnd told when the code takes no more pictures
 */

export class Sendings {
  #list;
  #options;
  /** @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {HTMLElement} list @param {SendingsOptions} options */
  constructor(list, options) {
    this.#list = list;
    this.#options = options;
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) this.#enqueue(file, this.#createRow(file));
  }

  /** @param {File} file @param {ReturnType<typeof createRow>} row */
  #enqueue(file, row) {
    row.say(text.waiting, "waiting");
    this.#last = this.#last.then(() => this.#send(file, row));
  }

  /** @param {File} file */
  #createRow(file) {
    const row = createRow(file);
    row.again.addEventListener("click", () => this.#enqueue(file, row));
    this.#list.prepend(row.item);
    return row;
  }

  /** @param {File} file @param {ReturnType<typeof createRow>} row */
  async #send(file, row) {
    const { address, largest, problemOf, onEnd } = this.#options;
    if (file.size > largest) return row.say(text.problems["too-large"], "refused");
    const { status, answer } = await post(address, file, row.progress);
    if (status === 201) row.say(text.sent, "sent");
    else if (status === 0) row.say(text.problems.unreachable, "failed");
    else {
      row.say(problemOf(status, answer), status === 408 || status >= 500 ? "failed" : "refused");
      if ([403, 404, 410].includes(status)) onEnd(problemOf(status, answer));
    }
  }
}

/**
 * `fetch` does not tell how far an upload is; this does.
 *
 * @param {string} address @param {File} file @param {(part: number) => void} progress
 * @returns {Promise<{ status: number, answer?: unknown }>} status 0 if no answer came
 */
function post(address, file, progress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded / total));
    request.addEventListener("loadend", () => resolve({ status: request.status, answer: request.response }));
    progress(0);
    request.send(file);
  });
}

/** @param {File} file */
function createRow(file) {
  const name = file.name || text.nameless;
  const bar = make(document, "progress", { max: 1 });
  bar.setAttribute("aria-label", name);
  const note = make(document, "p", { className: "hint" });
  note.setAttribute("role", "status");
  const again = make(document, "button", { type: "button" }, text.again);
  const title = make(document, "p", { className: "name" }, `${name} · ${formatSize(file.size)}`);
  const item = make(document, "li", {}, title, bar, note, again);
  return {
    item,
    again,
    /** @param {string} sentence @param {"waiting" | "sent" | "refused" | "failed"} state */
    say(sentence, state) {
      item.dataset.state = state;
      note.textContent = sentence;
      if (state === "refused" || state === "failed") note.dataset.kind = "error";
      else delete note.dataset.kind;
      bar.value = state === "sent" ? 1 : 0;
      bar.hidden = state === "refused" || state === "failed";
      again.hidden = state !== "failed";
    },
    /** @param {number} part */
    progress(part) {
      item.dataset.state = "sending";
      bar.value = part;
      note.textContent = `${Math.floor(part * 100)} %`;
      delete note.dataset.kind;
    },
  };
}
