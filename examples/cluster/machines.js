// The list of servers, each with its state and its buttons.
import { text } from "./text.js";

/** @typedef {{ name: string, what: string, state: string, ok?: boolean, clients?: number }} Machine */

/** @type {Record<string, string>} the badge's look of each state */
const LOOKS = { up: "open", blind: "waiting", starting: "connecting", ending: "connecting" };

/** @param {string} tag @param {string} className @param {string} content */
function element(tag, className, content = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = content;
  return made;
}

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
      const useful = button.dataset.act === "start" ? state === "down" : state === "up";
      // Hidden rather than removed: whoever uses a keyboard stays in the row.
      button.hidden = !useful;
    }
  }

  /** @param {string} name */
  #add(name) {
    const row = element("li", "");
    const told = element("div", "");
    const hint = element("p", "hint");
    told.append(element("p", "name", name), hint);
    const badge = element("p", "badge");
    const buttons = element("div", "buttons");
    for (const act of /** @type {const} */ (["kill", "restart", "start"])) {
      const button = element("button", "", text[act]);
      button.setAttribute("type", "button");
      button.setAttribute("aria-label", text.button(text[act], name));
      button.dataset.act = act;
      button.addEventListener("click", async () => {
        for (const each of buttons.children) each.setAttribute("aria-disabled", "true");
        await this.#act(name, act);
        for (const each of buttons.children) each.removeAttribute("aria-disabled");
      });
      buttons.append(button);
    }
    row.dataset.name = name;
    row.append(told, badge, buttons);
    this.#list.append(row);
    const parts = { row, hint, badge, buttons };
    this.#rows.set(name, parts);
    return parts;
  }
}
