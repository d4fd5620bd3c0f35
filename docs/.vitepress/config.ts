/** Configures the documentation site: its languages, what stands where, and the search, which is local. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { plainCode } from "./plain_code.ts";
import { repository, repositoryLinks } from "./repository.ts";
import { chinese, english } from "./sections.ts";
import { labelledTables } from "./tables.ts";

const chinesePages = readdirSync(new URL("../zh", import.meta.url), {
  encoding: "utf8",
  recursive: true,
});

export default defineConfig({
  title: "tidings",
  // A site below a path of its host says that path: DOCS_BASE=/tidings/
  base: process.env.DOCS_BASE ?? "/",
  srcExclude: ["node_modules/**"],
  head: [["link", { rel: "icon", href: "data:," }]],
  locales: {
    root: {
      label: "English",
      lang: "en",
      description: "Server-Sent Events for every web-standard runtime: Bun, Deno and Node from one source.",
      themeConfig: english,
    },
    zh: {
      label: "中文",
      lang: "zh-CN",
      description: "面向所有 Web 标准运行时的 Server-Sent Events：同一份源码，运行于 Bun、Deno 和 Node。",
      themeConfig: chinese,
    },
  },
  vite: {
    define: {
      CHINESE_PAGES: JSON.stringify(
        chinesePages.filter((path) => path.endsWith(".md")),
      ),
    },
    resolve: {
      // VitePress would link every page to one of the same name in the other language, also where there is none.
      alias: [{
        find: /^\.{1,2}\/composables\/langs$/,
        replacement: fileURLToPath(
          new URL("theme/languages.ts", import.meta.url),
        ),
      }],
    },
  },
  markdown: {
    config(markdown) {
      repositoryLinks(markdown);
      plainCode(markdown);
      labelledTables(markdown);
    },
    // The usual themes of this name are too faint for small print.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    // As GitHub names headings, so that a link to one leads there on both.
    anchor: {
      slugify: (text) =>
        text.trim().toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "").replaceAll(" ", "-"),
    },
  },
  themeConfig: {
    socialLinks: [{ icon: "github", link: repository }],
    search: {
      provider: "local",
      options: {
        locales: {
          zh: {
            translations: {
              button: { buttonText: "搜索", buttonAriaLabel: "搜索" },
              modal: {
                displayDetails: "显示详情",
                resetButtonTitle: "清除",
                backButtonTitle: "关闭",
                noResultsText: "没有结果：",
                footer: {
                  selectText: "选择",
                  navigateText: "切换",
                  closeText: "关闭",
                },
              },
            },
          },
        },
        miniSearch: {
          // Chinese has no spaces between words, so what separates them for the search is a segmenter.
          options: {
            tokenize: (text: string) =>
              /[\u4e00-\u9fff]/.test(text)
                ? Array.from(
                  new Intl.Segmenter("zh", { granularity: "word" }).segment(
                    text,
                  ),
                )
                  .filter(({ isWordLike }) => isWordLike).map(({ segment }) => segment)
                : text.split(/[\s\p{P}]+/u),
          },
        },
      },
    },
  },
});
