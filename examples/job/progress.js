// Shows how far a job is.
import { element } from "../page/element.js";
import { text } from "./text.js";

/**
 * @typedef {object} Progress
 * @property {number} limit
 * @property {number} done
 * @property {number} total
 * @property {number} found
 * @property {number} elapsed
 * @property {number} left
 */

/** Whether a job runs, or how it ended. @typedef {"running" | "complete" | "stopped" | "failed" | "lost"} State */

/** Shows no job: what stood there is of one that is gone. */
export function hideJob() {
  element("job").hidden = true;
  element("task").textContent = text.heading;
}

/**
 * @param {State} state
 * @param {Progress} progress
 * @returns {string} what there is to say about it
 */
export function showJob(state, { limit, done, total, found, elapsed, left }) {
  const language = document.documentElement.lang;
  const number = (/** @type {number} */ value) => value.toLocaleString(language);
  const seconds = (/** @type {number} */ milliseconds) =>
    new Intl.NumberFormat(language, { style: "unit", unit: "second" }).format(
      Math.round(milliseconds / 1_000),
    );
  const card = element("job");
  card.hidden = false;
  card.dataset.state = state;
  element("task").textContent = text.task(number(limit));
  const part = done / total;
  /** @type {HTMLProgressElement} */ (element("progress")).value = part;
  element("percent").textContent = `${Math.floor(part * 100)} %`;
  element("slices").textContent = text.slices(done, total);
  element("found").textContent = number(found);
  element("elapsed").textContent = seconds(elapsed);
  element("left").textContent = state === "running" ? seconds(left) : "–";
  return state === "running" ? "" : text.end[state](number(limit), number(found));
}
