/** Lists the recipes that the repository has, for the page that links them. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { repository } from "./repository.ts";

export interface Recipe {
  readonly name: string;
  readonly description: string;
  /** Where it can be read; `undefined` while the repository has no address. */
  readonly address: string | undefined;
}

/** What the page imports: VitePress puts it in the place of this module. */
export declare const data: readonly Recipe[];

const folder = fileURLToPath(new URL("../../examples/recipes/", import.meta.url));

function load(): Recipe[] {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  return names.filter((name) => existsSync(`${folder}${name}/package.json`)).map((name) => {
    const { description = "" } = JSON.parse(readFileSync(`${folder}${name}/package.json`, "utf8"));
    return { name, description, address: repository && `${repository}/tree/HEAD/examples/recipes/${name}` };
  });
}

export default { load };
