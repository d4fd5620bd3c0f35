// Takes or chooses pictures on the phone, and sends them one after the other.
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { Sendings } from "./sendings.js";
import { formatSize } from "./size.js";
import { text as texts } from "./text.js";

const { phone: text } = texts;

fillIn({ ...texts, title: text.title });
const form = /** @type {HTMLFormElement} */ (element("form"));
const note = element("note");

/** @param {string} problem */
function give(problem) {
  form.hidden = true;
  note.hidden = false;
  note.dataset.kind = "error";
  note.textContent = problem;
}

const code = new URLSearchParams(location.hash.slice(1));
const address = `../v1/api/upload?${code}`;

/** Asks whether the code is good, before anybody takes a picture for nothing. */
async function begin() {
  if (!code.has("identifier")) return give(text.problems["no-code"]);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(address, { cache: "no-store" });
  } catch {
    note.textContent = text.problems.unreachable.replace(/^.*?[:：]\s*/, "");
    note.dataset.kind = "error";
    setTimeout(begin, 2_000);
    return;
  }
  const answer = await response.json();
  if (!response.ok) return give(problemOf(response.status, answer));
  const { largest, most, expiresIn } = answer;
  note.hidden = true;
  form.hidden = false;
  element("limits").textContent = text.limits(formatSize(largest), most);
  setTimeout(() => give(text.problems.ended), expiresIn);
  const sendings = new Sendings(element("sendings"), { address, largest, problemOf, onEnd: give });
  for (const input of form.querySelectorAll("input")) {
    input.addEventListener("change", () => {
      sendings.add(input.files ?? []);
      input.value = ""; // so that the same picture can be chosen again
    });
  }
  // The whole window takes what is dropped: beside the form the browser would leave the page for the picture.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.dataset.over = "true";
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) delete form.dataset.over;
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    delete form.dataset.over;
    if (!form.hidden) sendings.add(event.dataTransfer?.files ?? []);
  });
}

/** @param {number} status @param {any} answer */
function problemOf(status, answer) {
  const code = /** @type {keyof typeof text.problems} */ (answer?.error?.code);
  return text.problems[code] ?? text.refused(status);
}

begin();
