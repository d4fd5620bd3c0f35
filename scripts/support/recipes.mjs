// Says what is told of the recipes: the files that speak of events, and their code as the list of recipes shows it.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { clonedFiles, read, root } from "./project.mjs";

export const home = "examples/recipes";
/** Where they are listed. The list is plain Markdown, so that it is there wherever the page is read. */
export const list = "docs/recipes/index.md";
export const chineseList = "docs/zh/recipes/index.md";

export const names = readdirSync(join(root, home)).filter((name) =>
  existsSync(join(root, home, name, "package.json"))
);

/** The files that speak of events: what a framework's own tool writes for every project is not among them. */
export const filesOf = (name) =>
  clonedFiles(`${home}/${name}`).filter((path) =>
    /\.(m?[jt]sx?)$/.test(path) &&
    /tidings/.test(read(`${home}/${name}/${path}`))
  );

const BEGIN = "<!-- code: written by `npm run recipes` -->\n";
const END = "<!-- /code -->\n";

/** A list with the code of each recipe in it, so that whoever reads it need not leave the page. */
export function withCode(path) {
  const page = read(path);
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new Error(
      `${path} must have a part that begins with ${BEGIN}and ends with ${END}`,
    );
  }
  const parts = names.map((name) =>
    `### ${name}\n\n${filesOf(name).map((path) => blockOf(name, path)).join("\n")}`
  );
  return `${page.slice(0, begin)}${BEGIN}\n${parts.join("\n")}\n${page.slice(end)}`;
}

function blockOf(name, path) {
  const language = path.endsWith("ts") ? "ts" : "js";
  return `\`${path}\`

<!-- snippet: not checked, because the recipe is run as it stands in ${home} -->

\`\`\`${language}
${read(`${home}/${name}/${path}`).trimEnd()}
\`\`\`
`;
}
