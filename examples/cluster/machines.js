// Shows the list of servers, each with its state and its buttons.
import { make } from "../page/element.js";
import { text } from "./text.js";

/** @typedef {{ name: string, what: string, state: string, ok?: boolean, clients?: number }} Machine */
/** @typedef {import("./parts/cluster.ts").EngineFigures} Engine */

/** @type {Record<string, string>} the badge's look of each state */
const LOOKS = {
  up: "open",
  blind: "waiting",
  silent: "waiting",
  file: "open",
  elsewhere: "open",
  starting: "connecting",
  ending: "connecting",
};

export class Machines {
  #list;
  #act;
  /** Whose row is that of the log. */
  #engine = "";
  /** @type {Map<string, { row: HTMLElement, hint: HTMLElement, badge: HTMLElement, buttons: HTMLElement }>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} list
   * @param {(name: string, act: string) => Promise<void>} act
   */
  constructor(list, act) {
    this.#list = list;
    this.#act = act;
  }

  /** @param {Machine} machine @param {boolean} isHere whether this tab is on it */
  show({ name, what, state, ok, clients }, isHere) {
    const shown = state === "up" && ok === false ? "blind" : state;
    const told = [what, clients === undefined ? "" : text.clients(clients)].filter(Boolean).join(" · ");
    this.#put(name, told, shown, state).toggleAttribute("data-here", isHere);
  }

  /** Shows what holds the log. @param {Engine} engine */
  showEngine({ name, title, state }) {
    this.#engine = name;
    const told = state === "file" || state === "elsewhere" ? text.log[state] : text.log.here;
    this.#put(name, told(title), state, state);
  }

  /** @param {string} name @param {string} told @param {string} shown @param {string} state */
  #put(name, told, shown, state) {
    const { row, hint, badge, buttons } = this.#rows.get(name) ?? this.#add(name);
    hint.textContent = told;
    badge.dataset.state = LOOKS[shown] ?? "closed";
    badge.dataset.machine = shown;
    badge.textContent = text.states[/** @type {keyof typeof text.states} */ (shown)] ?? text.states.unknown;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (buttons.querySelectorAll("button"))) {
      const useful = button.dataset.act === "start" ? state === "down" : state === "up" || state === "silent";
      // Hidden rather than removed: whoever uses a keyboard stays in the row.
      button.hidden = !useful;
    }
    return row;
  }

  /** Nothing is known of any of them any more. */
  forget() {
    for (const [name, { hint, badge }] of this.#rows) {
      if (badge.dataset.machine === "unknown") continue;
      const told = name === this.#engine ? hint.textContent ?? "" : "";
      this.#put(name, told, "unknown", "unknown").toggleAttribute("data-here", false);
    }
  }

  /** @param {string} name */
  #add(name) {
    const hint = make(document, "p", { className: "hint" });
    const badge = make(document, "p", { className: "badge" });
    const buttons = make(document, "div", { className: "buttons" });
    for (const act of /** @type {const} */ (["kill", "restart", "start"])) {
      const button = make(document, "button", { type: "button", dataset: { act } }, text[act]);
      button.setAttribute("aria-label", text.button(text[act], name));
      button.addEventListener("click", async () => {
        for (const each of buttons.children) each.setAttribute("aria-disabled", "true");
        await this.#act(name, act);
        for (const each of buttons.children) each.removeAttribute("aria-disabled");
      });
      buttons.append(button);
    }
    const told = make(document, "div", {}, make(document, "p", { className: "name" }, name), hint);
    const row = make(document, "li", { dataset: { name } }, told, badge, buttons);
    this.#list.append(row);
    const parts = { row, hint, badge, buttons };
    this.#rows.set(name, parts);
    return parts;
  }
}
