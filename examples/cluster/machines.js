// Shows the list of servers, each with its state and its buttons.
import { make } from "../page/element.js";
import { text } from "./text.js";

/** @typedef {{ name: string, what: string, state: string, ok?: boolean, clients?: number }} Machine */

/** @type {Record<string, string>} the badge's look of each state */
const LOOKS = {
  up: "open",
  blind: "waiting",
  silent: "waiting",
  starting: "connecting",
  ending: "connecting",
};

export class Machines {
  #list;
  #act;
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
    const { row, hint, badge, buttons } = this.#rows.get(name) ?? this.#add(name);
    const shown = state === "up" && ok === false ? "blind" : state;
    row.toggleAttribute("data-here", isHere);
    hint.textContent = name === "redis"
      ? text.log
      : [what, clients === undefined ? "" : text.clients(clients)]
        .filter(Boolean).join(" · ");
    badge.dataset.state = LOOKS[shown] ?? "closed";
    badge.dataset.machine = shown;
    badge.textContent = text.states[/** @type {keyof typeof text.states} */ (shown)] ?? text.states.unknown;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (buttons.querySelectorAll("button"))) {
      const useful = button.dataset.act === "start" ? state === "down" : state === "up" || state === "silent";
      // Hidden rather than removed: whoever uses a keyboard stays in the row.
      button.hidden = !useful;
    }
  }

  /** Nothing is known of any of them any more. */
  forget() {
    for (const [name, { hint, badge }] of this.#rows) {
      if (badge.dataset.machine === "unknown") continue;
      this.show({ name, what: "", state: "unknown" }, false);
      if (name !== "redis") hint.textContent = "";
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
