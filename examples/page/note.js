// Shows one sentence at a time, and takes it back when what it is about is over: a notice must not outlive what it says.

export class Note {
  #element;
  #rest;
  #about = "";

  /** @param {HTMLElement} element the live region @param {string} rest what stands there when there is nothing to say */
  constructor(element, rest = "") {
    this.#element = element;
    this.#rest = rest;
  }

  /**
   * Says a sentence, until another one is said or it is over.
   *
   * @param {string} sentence
   * @param {{ about: string, kind?: "error" | "ok" }} detail what has to be over for the sentence to go
   */
  say(sentence, { about, kind = "ok" }) {
    this.#about = about;
    this.#element.dataset.kind = kind;
    // A live region reads out what is set anew, even if it is the same.
    if (this.#element.textContent !== sentence) this.#element.textContent = sentence;
  }

  /** Takes the sentence back if it is about one of these. @param {...string} about */
  over(...about) {
    if (about.includes(this.#about)) this.say(this.#rest, { about: "" });
  }
}
