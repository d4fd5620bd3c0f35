// Makes a card for each system: what it is, how it is doing now, and how much code it has.
import { element, make } from "../page/element.js";
import { followState } from "../page/state.js";
import { whileVisible } from "../page/visible.js";
import { text } from "./text.js";

/** @typedef {{ server: number, page: number }} LineCount */
/** @typedef {{ code: string, start: string, lines: Record<string, LineCount> }} About what the server says of its code */

/** Each card's figure, by the system's folder. @type {Map<string, HTMLElement>} */
const figures = new Map();

/** @param {string} term @param {HTMLElement} value */
const fact = (term, value) => make(document, "div", {}, make(document, "dt", {}, term), value);

/** @param {LineCount | undefined} count */
const lineFact = (count) =>
  fact(text.lines.term, make(document, "dd", {}, count ? text.lines.count(count.server, count.page) : "–"));

/** Adds the cards; a figure is not known yet. @param {Partial<About>} about */
export function addCards({ lines = {}, start = "node --import tsx" }) {
  const list = element("systems");
  for (const [name, { title, sentence, figure }] of Object.entries(text.systems)) {
    const value = make(document, "dd", { className: "figure" }, "–");
    figures.set(name, value);
    list.append(make(
      document,
      "li",
      {},
      make(document, "h3", {}, make(document, "a", { href: `/${name}/` }, title)),
      make(document, "p", {}, sentence),
      make(document, "dl", {}, fact(figure, value), lineFact(lines[name])),
    ));
  }
  const { title, sentence, another } = text.cluster;
  const command = make(document, "code", {}, `PORT=8081 ${start} examples/cluster/server.ts`);
  list.append(make(
    document,
    "li",
    { className: "apart" },
    make(document, "h3", {}, title),
    make(document, "p", {}, sentence),
    make(document, "p", { className: "command" }, another, command),
    make(document, "dl", {}, lineFact(lines["cluster"])),
  ));
}

/** Keeps the figures as they are on the server, for as long as somebody sees them. */
export function followFigures() {
  whileVisible(() => {
    const stream = followState("/gallery/figures", {
      /** @param {Record<string, number>} now */
      figures(now) {
        for (const [name, value] of Object.entries(now)) {
          const place = figures.get(name);
          if (place) place.textContent = value.toLocaleString(document.documentElement.lang);
        }
      },
    }, {
      first: ["figures"],
      retry: { base: 500, max: 5_000 },
      onstate(state) {
        // What a server that is out of sight counts, nobody knows.
        if (state === "waiting") { for (const place of figures.values()) place.textContent = "–"; }
      },
    });
    return () => stream.close();
  });
}
