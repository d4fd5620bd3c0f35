// Fills the front page: a link and a sentence for each system that the server has.
import { element, make } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { text } from "./text.js";

fillIn(text);
for (const [name, { title, sentence }] of Object.entries(text.systems)) {
  const heading = make(document, "strong", {}, title);
  const what = make(document, "span", {}, sentence);
  const link = make(document, "a", { href: `/${name}/` }, heading, what);
  element("systems").append(make(document, "li", {}, link));
}
