// The pictures, newest first. The list is told whole each time; what is there already stays as it is.
import { formatSize } from "./size.js";
import { text } from "./text.js";

/** @typedef {{ url: string, type: string, size: number }} Picture */

/** @param {(id: string) => HTMLElement} element @param {Picture[]} pictures the oldest first */
export function showPictures(element, pictures) {
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
  const row = document.createElement("li");
  row.dataset.url = url;
  const image = document.createElement("img");
  image.alt = text.pictures.name(number);
  image.src = url;
  const caption = document.createElement("p");
  const save = document.createElement("a");
  save.href = url;
  save.download = `picture-${number}.${type.replace("image/", "").replace("jpeg", "jpg")}`;
  save.textContent = text.pictures.save;
  save.setAttribute("aria-label", `${text.pictures.save}: ${image.alt}`);
  caption.append(`${image.alt} · ${formatSize(size)} `, save);
  image.addEventListener("error", () => {
    const broken = document.createElement("p");
    broken.className = "broken";
    broken.textContent = text.pictures.broken;
    image.replaceWith(broken);
  });
  row.append(image, caption);
  return row;
}
