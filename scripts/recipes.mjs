// Writes the recipes' code into the list of recipes, after a change of one.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { list, withCode } from "./support/recipes.mjs";
import { read, root } from "./support/project.mjs";

writeFileSync(join(root, list), withCode(read(list)));
