// Reads one answer into the page, and counts the tokens that are missing or came twice.
import { make } from "../page/element.js";

export class Reader {
  #answer;
  #legend;
  /** Whether what comes has been made before this connection. */
  #catchingUp = false;
  /** The number of the newest token. */
  tokens = 0;
  connections = 0;
  missing = 0;
  doubled = 0;

  /** @param {HTMLElement} answer the element that the text goes into @param {HTMLElement} legend says what a mark means */
  constructor(answer, legend) {
    this.#answer = answer;
    this.#legend = legend;
    legend.hidden = true;
  }

  opened() {
    this.connections++;
    this.#catchingUp = this.connections > 1;
  }

  /** From here on every token is new. */
  live() {
    this.#catchingUp = false;
  }

  /** @param {{ number: number, text: string }} token */
  token({ number, text }) {
    if (number <= this.tokens) this.doubled++;
    else this.missing += number - this.tokens - 1;
    this.tokens = number;
    if (this.#catchingUp) this.#marked().append(text);
    else this.#answer.append(text);
  }

  /** The mark at the end of the text, or a new one. */
  #marked() {
    const last = this.#answer.lastChild;
    if (last instanceof HTMLElement && last.className === "caught-up") return last;
    const mark = make(document, "span", { className: "caught-up" });
    this.#answer.append(mark);
    this.#legend.hidden = false;
    return mark;
  }
}
