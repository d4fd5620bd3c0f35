// Builds what pages import and no browser could load as it is, so that a clone serves them with nothing installed.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { builtPages, folder } from "./support/pages.mjs";
import { root } from "./support/project.mjs";

const files = await builtPages();
rmSync(join(root, folder), { recursive: true, force: true });
mkdirSync(join(root, folder), { recursive: true });
for (const [path, text] of files) {
  writeFileSync(join(root, path), text);
  console.log(`${path}: ${text.length} characters`);
}
