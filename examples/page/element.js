// Finds elements of a page and makes new ones.

/** @param {string} id @param {Document} [document] */
export function element(id, document = globalThis.document) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element with the id "${id}"`);
  return found;
}

/**
 * Makes an element: `make(document, "p", { className: "hint" }, "Nothing yet")`. A string among the children goes in as
 * text, never as markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Document} document
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(document, tag, { dataset = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}
