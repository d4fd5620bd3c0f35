// Shows code: its strings and words of the language stand out a little.
import { make } from "../page/element.js";

const PARTS = /("[^"]*")|\b(import|from|const|let|new|export|function|return)\b/g;

/** @param {HTMLElement} place @param {string} code */
export function showCode(place, code) {
  const document = place.ownerDocument;
  let end = 0;
  const parts = [];
  for (const { index, 0: part, 1: string } of code.matchAll(PARTS)) {
    const className = string ? "string" : "word";
    parts.push(code.slice(end, index), make(document, "span", { className }, part));
    end = index + part.length;
  }
  place.replaceChildren(...parts, code.slice(end));
}
