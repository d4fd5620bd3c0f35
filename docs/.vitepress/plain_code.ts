/** Keeps inline code as it is written: Vue, which compiles the pages, would run what stands in two braces. */
import type { MarkdownRenderer } from "vitepress";

/** A rule for VitePress' renderer of Markdown, which does the same for blocks of code by itself. */
export function plainCode(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("plain-code", ({ tokens }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === "code_inline") token.attrSet("v-pre", "");
    }
  });
}
