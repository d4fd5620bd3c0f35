// Writes the repository's address into package.json and into every file that names the one before.
//   npm run repository                                        says where it lies
//   npm run repository -- https://github.com/owner/name       fills it in, or moves it
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./support/project.mjs";
import { addressIn, isPlaceholder, moved, parseAddress, textFiles } from "./support/repository.mjs";

function main() {
  const { positionals: [wanted, ...more] } = parseArgs({ allowPositionals: true });
  const from = addressIn(root);
  if (wanted === undefined) {
    return isPlaceholder(from)
      ? `${from} is a placeholder: npm run repository -- https://github.com/owner/name`
      : from;
  }
  if (more.length > 0) throw new Error(`One address is taken, received ${more.length + 1}`);
  const to = parseAddress(wanted);
  const changed = [];
  for (const [path, text] of textFiles(root)) {
    const next = moved(text, from, to);
    if (next === text) continue;
    writeFileSync(join(root, path), next);
    changed.push(path);
  }
  if (changed.length === 0) return `Every file names ${to} already`;
  return `${from} is now ${to} in ${changed.join(", ")}.\nNext: npm run gates -- repository, then commit`;
}

try {
  console.log(main());
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
