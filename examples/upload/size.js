// Writes numbers of bytes for people, in the page's language.

/** @param {number} bytes */
export function formatSize(bytes) {
  const large = bytes >= 1e6;
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit",
    unit: large ? "megabyte" : "kilobyte",
    maximumFractionDigits: large ? 1 : 0,
  }).format(large ? bytes / 1e6 : Math.ceil(bytes / 1e3));
}
