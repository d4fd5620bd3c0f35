// The front page: a link and a sentence for each system that the server has.
import { fillIn } from "../page/language.js";
import { text } from "./text.js";

fillIn(text);
const list = /** @type {HTMLElement} */ (document.getElementById("systems"));
for (const [name, { title, sentence }] of Object.entries(text.systems)) {
  const link = document.createElement("a");
  link.href = `/${name}/`;
  const heading = document.createElement("strong");
  heading.textContent = title;
  const what = document.createElement("span");
  what.textContent = sentence;
  link.append(heading, what);
  const item = document.createElement("li");
  item.append(link);
  list.append(item);
}
