// Knows every place that names the version, which version may follow which, and what a release makes of the changelog.

/** The files that name the version. A gate checks that they agree. */
const NAMING = ["package.json", "deno.json", "package-lock.json"];
const CHANGELOG = "CHANGELOG.md";

const SEMVER = /^(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const LEADING_ZERO = /(^|\.)0\d+(\.|$)/;

export const isVersion = (text) => SEMVER.test(text) && !LEADING_ZERO.test(text.replace("-", "."));

/** Compares as section 11 of Semantic Versioning says: above 0 if `a` is the higher one. */
export function compareVersions(a, b) {
  const [[, ...left], [, ...right]] = [SEMVER.exec(a), SEMVER.exec(b)];
  for (const index of [0, 1, 2]) {
    if (left[index] !== right[index]) return Number(left[index]) - Number(right[index]);
  }
  // What has no suffix is the release itself, and above all that led to it.
  if (left[3] === undefined || right[3] === undefined) {
    return Number(left[3] === undefined) - Number(right[3] === undefined);
  }
  const [parts, others] = [left[3].split("."), right[3].split(".")];
  for (const [index, part] of parts.entries()) {
    const other = others[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return isNumber ? Number(part) - Number(other) : part < other ? -1 : 1;
  }
  return parts.length - others.length;
}

/** The highest version that the changelog dates, if it dates any. */
export const released = (changelog) =>
  [...changelog.matchAll(/^## (\S+) - \d{4}-\d{2}-\d{2}$/gm)].map(([, version]) => version)
    .sort(compareVersions).at(-1);

/** What stands below "Unreleased"; `undefined` without such a heading. */
export const unreleased = (changelog) =>
  /^## Unreleased\n([^]*?)(?=^## |(?![^]))/m.exec(changelog)?.[1].trim();

/** The files of a release, as `[path, text]`: they name the new version, and the changelog gives it a day. */
export function* releaseFiles(readText, version, day) {
  for (const path of NAMING) {
    const pattern = /("name": "(?:@tidings\/)?tidings",\s+"version": ")[^"]*"/g;
    const text = readText(path).replace(pattern, `$1${version}"`);
    if (JSON.parse(text).version !== version) throw new Error(`${path} has no "version" behind its "name"`);
    yield [path, text];
  }
  yield [CHANGELOG, readText(CHANGELOG).replace(/^## Unreleased$/m, `$&\n\n## ${version} - ${day}`)];
}
