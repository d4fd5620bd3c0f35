// Shows the pictures, newest first. The list is told whole each time; what is there already stays as it is.
import { element, make } from "../page/element.js";
import { formatSize } from "./size.js";
import { text } from "./text.js";

/** @typedef {{ url: string, type: string, size: number }} Picture */

/** @param {Picture[]} pictures the oldest first */
export function showPictures(pictures) {
  const list = element("pictures");
  const rows = new Map([...list.children].map((row) => [/** @type {HTMLElement} */ (row).dataset.url, row]));
  list.replaceChildren(
    ...pictures.map((picture, index) => rows.get(picture.url) ?? createRow(picture, index + 1)).reverse(),
  );
  element("empty").hidden = pictures.length > 0;
  element("count").textContent = pictures.length > 0 ? text.pictures.count(pictures.length) : "";
}

/** @param {Picture} picture @param {number} number */
function createRow({ url, type, size }, number) {
  const image = make(document, "img", { alt: text.pictures.name(number), src: url });
  image.addEventListener("error", () => {
    image.replaceWith(make(document, "p", { className: "broken" }, text.pictures.broken));
  });
  const download = `picture-${number}.${type.replace("image/", "").replace("jpeg", "jpg")}`;
  const save = make(document, "a", { href: url, download }, text.pictures.save);
  save.setAttribute("aria-label", `${text.pictures.save}: ${image.alt}`);
  const caption = make(document, "p", {}, `${image.alt} · ${formatSize(size)} `, save);
  return make(document, "li", { dataset: { url } }, image, caption);
}
