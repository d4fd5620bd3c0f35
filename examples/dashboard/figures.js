// Shows the server's own numbers, which it sends every second.
import { text } from "./text.js";

export class Figures {
  #elements;

  /** @param {Iterable<HTMLElement>} elements each shows the number that its `data-stat` names */
  constructor(elements) {
    this.#elements = [...elements];
  }

  /** @param {Record<string, unknown>} numbers those that are missing are of a server that is out of sight */
  show(numbers) {
    for (const element of this.#elements) {
      const name = element.dataset.stat ?? "";
      const value = numbers[name];
      element.textContent = typeof value !== "number"
        ? text.unknown
        : name === "bytes"
        ? formatBytes(value)
        : value.toLocaleString();
    }
  }
}

/**
 * Figure and unit stay on one line.
 *
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)}\u00a0${units[unit]}`;
}
