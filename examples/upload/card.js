// Shows the card with the QR code, the link, and the time that is left.
import { element } from "../page/element.js";
import { phoneLinks } from "./link.js";
import { text } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
/** The quiet zone that the standard asks for around a code, in modules. */
const QUIET = 4;

/** @typedef {{ member: string, identifier: string, expiresIn: number, addresses: string[] }} Code */

export class CodeCard {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #tick;

  constructor() {
    const address = /** @type {HTMLSelectElement} */ (element("address"));
    address.addEventListener("change", () => this.#point(address.value));
    const copy = element("copy");
    // Only secure pages may write to the clipboard; the link itself can be copied anywhere.
    copy.hidden = !navigator.clipboard;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(/** @type {HTMLAnchorElement} */ (element("link")).href);
      copy.textContent = text.code.copied;
      setTimeout(() => copy.textContent = text.code.copy, 2_000);
    });
  }

  /** @param {Code} code */
  show(code) {
    const { links, reachable } = phoneLinks(location.href, code);
    const address = /** @type {HTMLSelectElement} */ (element("address"));
    const chosen = links.includes(address.value) ? address.value : links[0] ?? "";
    address.replaceChildren(...links.map((link) => new Option(new URL(link).host, link)));
    address.value = chosen;
    element("address-line").hidden = links.length < 2;
    element("reach").textContent = reachable ? text.code.network : text.code.unreachable;
    this.#point(chosen);
    this.#say("");
    this.#urge(false);
    element("code").hidden = false;
    this.#countDown(Date.now() + code.expiresIn);
  }

  /** Until the next code. */
  wait() {
    this.close(text.code.waiting);
  }

  /** @param {string} reason why there is no code any more */
  close(reason) {
    clearInterval(this.#tick);
    element("code").hidden = true;
    this.#say(reason);
    this.#urge(reason !== text.code.waiting);
  }

  /** @param {string} sentence */
  #say(sentence) {
    const note = element("code-note");
    note.textContent = sentence;
    note.hidden = sentence === "";
  }

  /** Whether a new code is what is wanted now. @param {boolean} wanted */
  #urge(wanted) {
    element("renew").className = wanted ? "primary" : "quiet";
  }

  /** @param {number} end */
  #countDown(end) {
    clearInterval(this.#tick);
    const time = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "short" }).format(end);
    const show = () => {
      const minutes = Math.ceil((end - Date.now()) / 60_000);
      element("until").textContent = text.code.until(time, minutes);
    };
    show();
    this.#tick = setInterval(show, 5_000);
  }

  /** @param {string} link */
  async #point(link) {
    const anchor = /** @type {HTMLAnchorElement} */ (element("link"));
    anchor.href = link;
    const qr = element("qr");
    try {
      // Loaded late: without the library there is still the link.
      const { encodeQR } = await import("./qr.js");
      if (anchor.href === link) qr.replaceChildren(draw(encodeQR(link, "raw", { border: QUIET })));
    } catch {
      qr.hidden = true;
      this.#say(text.code.failed);
    }
  }
}

/** @param {boolean[][]} modules true is dark */
function draw(modules) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${modules.length} ${modules.length}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  const squares = modules.flatMap((row, y) => row.flatMap((dark, x) => dark ? [`M${x} ${y}h1v1h-1z`] : []));
  path.setAttribute("d", squares.join(""));
  svg.append(path);
  return svg;
}
