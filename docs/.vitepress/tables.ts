/**
 * Gives each cell of a table its column's name and its role, so that a narrow page can show a row as a list of them, and lets
 * the path of a file break between its folders.
 */
import type { MarkdownRenderer } from "vitepress";

/** A style that lays a table out in another way takes its meaning from it, which these give back. */
const ROLES: Readonly<Record<string, string>> = {
  table_open: "table",
  thead_open: "rowgroup",
  tbody_open: "rowgroup",
  tr_open: "row",
  th_open: "columnheader",
  td_open: "cell",
};

/** A rule for VitePress' renderer of Markdown. */
export function labelledTables(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("labelled-tables", ({ tokens }) => {
    let columns: string[] = [];
    let column = 0;
    for (const [index, token] of tokens.entries()) {
      const role = ROLES[token.type];
      if (role === undefined) continue;
      token.attrSet("role", role);
      if (token.type === "table_open") columns = [];
      if (token.type === "tr_open") column = 0;
      if (token.type === "th_open") {
        // The heading without its marks, as it is read.
        const parts = tokens[index + 1]?.children ?? [];
        columns.push(parts.map(({ content }) => content).join(""));
      }
      if (token.type !== "td_open") continue;
      token.attrSet("data-column", columns[column++] ?? "");
      for (const part of tokens[index + 1]?.children ?? []) {
        if (part.type !== "code_inline" || !/^[\w.]+(?:\/[\w.]+)+$/.test(part.content)) continue;
        part.type = "html_inline";
        part.content = `<code>${part.content.replaceAll("/", "/<wbr>")}</code>`;
      }
    }
  });
}
