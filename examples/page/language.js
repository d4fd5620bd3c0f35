// Speaks English or Chinese: as the visitor chose, or else as the browser prefers.
import { make } from "./element.js";

/** @typedef {"en" | "zh"} Language */

/** Each language by its own name. @type {Record<Language, string>} */
const NAMES = { en: "English", zh: "中文" };

/** What every page says of the link to the other language, beside its own sentences. */
export const label = { en: { language: "Language" }, zh: { language: "语言" } };

/** Where the choice is kept. */
const KEY = "language";

/**
 * The language to speak: the first known one of the address's `?lang=`, an earlier choice, and the browser's list.
 *
 * @param {{ search?: string, chosen?: string | null, preferred?: readonly string[] }} visitor
 * @returns {Language}
 */
export function chooseLanguage({ search = "", chosen, preferred = [] }) {
  const wanted = [new URLSearchParams(search).get("lang"), chosen, ...preferred];
  const known = wanted.map((tag) => tag?.toLowerCase().split("-")[0]).find((tag) =>
    tag && Object.hasOwn(NAMES, tag)
  );
  return /** @type {Language | undefined} */ (known) ?? "en";
}

/** @returns {Language} */
function visitorsLanguage() {
  if (!globalThis.document) return "en"; // a test
  const { search } = location;
  let chosen = null;
  try {
    const asked = new URLSearchParams(search).get("lang");
    if (asked && Object.hasOwn(NAMES, asked)) localStorage.setItem(KEY, asked); // holds for the other pages too
    chosen = localStorage.getItem(KEY);
  } catch { /* storage is turned off: the address and the browser's list remain */ }
  return chooseLanguage({ search, chosen, preferred: navigator.languages });
}

const language = visitorsLanguage();

/**
 * The sentences of the visitor's language.
 *
 * @template Text
 * @param {Record<Language, Text>} texts
 * @returns {Text}
 */
export function pick(texts) {
  return texts[language];
}

/**
 * Fills in the sentences of a page: the text of `data-text="key.of.sentence"`, the placeholder of `data-placeholder`, the label of
 * `data-label`; the title; and in `#languages` the link to the other language.
 *
 * @param {{ title: string }} text
 * @param {Document} [document]
 */
export function fillIn(text, document = globalThis.document) {
  const sentences = { ...pick(label), ...text };
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `tidings · ${text.title}`;
  /** @param {string} name @param {(element: Element, said: string) => void} put */
  const fill = (name, put) => {
    for (const element of document.querySelectorAll(`[data-${name}]`)) {
      put(element, sentence(sentences, element.getAttribute(`data-${name}`) ?? ""));
    }
  };
  fill("text", (element, said) => element.textContent = said);
  fill("placeholder", (element, said) => element.setAttribute("placeholder", said));
  fill("label", (element, said) => element.setAttribute("aria-label", said));
  addSwitch(document);
}

/**
 * @param {unknown} text @param {string} key
 * @returns {string}
 */
function sentence(text, key) {
  const found = key.split(".").reduce((part, name) => /** @type {any} */ (part)?.[name], text);
  if (typeof found !== "string") throw new Error(`text.js has no sentence "${key}"`);
  return found;
}

/** @param {Document} document */
function addSwitch(document) {
  const place = document.getElementById("languages");
  if (!place) return;
  const other = language === "zh" ? "en" : "zh";
  const address = new URL(document.location.href);
  address.searchParams.set("lang", other);
  const properties = { href: address.href, lang: other, hreflang: other };
  place.replaceChildren(make(document, "a", properties, NAMES[other]));
}
