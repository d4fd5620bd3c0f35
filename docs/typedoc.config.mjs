// Makes the API pages out of the doc comments: one page an entry point, under the name by which it is imported.
import { readFileSync } from "node:fs";
import { Converter, ReflectionKind } from "typedoc";
import { MarkdownPageEvent } from "typedoc-plugin-markdown";

const { exports } = JSON.parse(
  readFileSync(new URL("../deno.json", import.meta.url), "utf8"),
);

/** The path of each entry's source, and the name that users import it by. */
const entries = Object.entries(exports).map(([name, path]) => ({
  path: path.replace("./", "../"),
  module: path.replace("./", "").replace(/\.ts$/, ""),
  // "tidings/compression" would be taken for the interface Compression of "tidings", so pages are named without the package.
  name: name === "." ? "tidings" : name.replace("./", ""),
}));

function nameEntries(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    if (reflection.kind !== ReflectionKind.Module) return;
    const entry = entries.find(({ module }) => module === reflection.name);
    if (entry === undefined) {
      throw new Error(`deno.json names no entry point "${reflection.name}"`);
    }
    reflection.name = entry.name;
  });
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents
      ?.replace(/^# (?!tidings$)(.+)$/m, "# tidings/$1")
      // Two headings may be the same but for upper case, so each is given the name by which it is linked.
      .replace(/^<a id="([^"]+)"><\/a>\n+(#+ .+)$/gm, "$2 {#$1}")
      // A type of types may go on in the next line, lest it widens its table.
      .replace(/^\|.*\\<.*$/gm, (row) => row.replaceAll("\\<", "\\<<wbr>"));
  });
}

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  entryPoints: entries.map(({ path }) => path),
  plugin: ["typedoc-plugin-markdown", nameEntries],
  tsconfig: "tsconfig.api.json",
  out: "api",
  basePath: "..",
  readme: "none",
  disableSources: true,
  excludeInternal: true,
  excludePrivate: true,
  // What is wrong with the types, the gates say that use the compiler of the project.
  skipErrorChecking: true,
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
  router: "module",
  modulesFileName: "modules",
  entryFileName: "index",
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: "table",
  interfacePropertiesFormat: "table",
  typeAliasPropertiesFormat: "table",
  // A description needs the width that these would take.
  tableColumnSettings: {
    hideInherited: true,
    hideModifiers: true,
    hideOverrides: true,
    hideSources: true,
  },
  useCodeBlocks: true,
  useHTMLAnchors: true,
  expandObjects: true,
};
