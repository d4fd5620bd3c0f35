// Starts the front page: the code, the feed that it makes, and a card for each system.
import { element } from "../page/element.js";
import { fillIn } from "../page/language.js";
import { addCards, followFigures } from "./cards.js";
import { showCode } from "./code.js";
import { startFeed } from "./feed.js";
import { text } from "./text.js";

fillIn(text);
startFeed();

const copy = element("copy");
copy.hidden = !navigator.clipboard; // which pages that are not secure have not
copy.addEventListener("click", async () => {
  await navigator.clipboard.writeText(element("install").textContent ?? "");
  copy.textContent = text.copied;
  setTimeout(() => copy.textContent = text.copy, 2_000);
});

const response = await fetch("/gallery/about").catch(() => undefined);
/** @type {Partial<import("./cards.js").About>} */
const about = response?.ok ? await response.json() : {};
showCode(element("code"), about.code ?? "");
addCards(about);
followFigures();
