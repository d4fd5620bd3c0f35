// Writes the recipes' code into the lists of recipes, after a change of one.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chineseList, list, withCode } from "./support/recipes.mjs";
import { root } from "./support/project.mjs";

for (const page of [list, chineseList]) writeFileSync(join(root, page), withCode(page));
