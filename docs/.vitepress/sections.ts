/** Says which pages the site has, and in which order: each language's menus. */
import { readFileSync } from "node:fs";
import type { DefaultTheme } from "vitepress";

/** Pages of one section: the heading, and each page's title and address. */
type Section = readonly [
  heading: string,
  pages: readonly (readonly [title: string, address: string])[],
];

const { exports } = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));

/** One page for each entry point: see typedoc.config.mjs. */
const API = Object.keys(exports).map((name) =>
  [name.replace(/^\./, "tidings"), `/api/${name === "." ? "tidings" : name.replace("./", "")}`] as const
);

const ENGLISH: readonly Section[] = [
  ["Introduction", [["Start", "/start"], ["Concepts", "/concepts"]]],
  ["Guides", [
    ["Authentication", "/guides/authentication"],
    ["Who receives what", "/guides/channels"],
    ["Typed events", "/guides/typed-events"],
    ["The state first, then changes", "/guides/state-first"],
    ["Answers of a language model", "/guides/llm"],
    ["A long job", "/guides/jobs"],
    ["React, Vue and Svelte", "/guides/frameworks"],
    ["MCP servers", "/guides/mcp"],
    ["Notifications with a history", "/guides/notifications"],
    ["Testing your own code", "/guides/testing"],
    ["Coming from another library", "/guides/migration"],
    ["The hub", "/guides/hub"],
    ["Publishing from another language", "/guides/other-languages"],
    ["Deployment", "/guides/deployment"],
    ["Observability", "/guides/observability"],
  ]],
  ["Recipes", [["By framework", "/recipes/"]]],
  ["Reference", [["Options", "/reference"], ["Error codes", "/errors"], ...API]],
  ["Figures", [["Figures", "/figures"]]],
  ["Engines and scaling", [["Which engine", "/engines"], ["Past one process", "/scaling"], [
    "Cloudflare Workers",
    "/workers",
  ]]],
  ["Operations", [
    ["Operations", "/operations"],
    ["Security and limits", "/security"],
    ["Architecture", "/architecture"],
  ]],
];

const CHINESE: readonly Section[] = [
  ["入门", [["开始", "/zh/start"], ["概念", "/zh/concepts"]]],
  ["指南", [
    ["身份验证", "/zh/guides/authentication"],
    ["谁收到什么", "/zh/guides/channels"],
    ["端到端的类型", "/zh/guides/typed-events"],
    ["先给状态，再给变化", "/zh/guides/state-first"],
    ["语言模型的回答", "/zh/guides/llm"],
    ["长时间任务", "/zh/guides/jobs"],
    ["React、Vue 和 Svelte", "/zh/guides/frameworks"],
    ["MCP 服务器", "/zh/guides/mcp"],
    ["带历史的通知", "/zh/guides/notifications"],
    ["测试你自己的代码", "/zh/guides/testing"],
    ["从其他库迁移", "/zh/guides/migration"],
    ["hub：现成的服务器", "/zh/guides/hub"],
    ["用其他语言发布", "/zh/guides/other-languages"],
    ["部署", "/zh/guides/deployment"],
    ["可观测性", "/zh/guides/observability"],
  ]],
  ["例子", [["各框架的做法", "/zh/recipes/"]]],
  ["更多（英文）", [
    ["选项", "/reference"],
    ["错误代码", "/errors"],
    ["性能数据", "/figures"],
    ["选择引擎", "/engines"],
    ["多进程与扩展", "/scaling"],
    ["Cloudflare Workers", "/workers"],
    ["运维", "/operations"],
    ["安全与限制", "/security"],
  ]],
];

const sidebar = (sections: readonly Section[]): DefaultTheme.SidebarItem[] =>
  sections.map(([text, pages]) => ({
    text,
    items: pages.map(([title, link]) => ({ text: title, link })),
  }));

export const english: DefaultTheme.Config = {
  nav: [
    { text: "Start", link: "/start" },
    { text: "Guides", link: "/guides/authentication", activeMatch: "^/guides/" },
    { text: "Reference", link: "/reference", activeMatch: "^/(reference|errors|api/)" },
  ],
  sidebar: sidebar(ENGLISH),
  outline: { level: [2, 3] },
};

export const chinese: DefaultTheme.Config = {
  nav: [
    { text: "开始", link: "/zh/start" },
    { text: "指南", link: "/zh/guides/authentication", activeMatch: "^/zh/guides/" },
    { text: "参考", link: "/reference" },
  ],
  sidebar: sidebar(CHINESE),
  outline: { level: [2, 3], label: "本页内容" },
  docFooter: { prev: "上一页", next: "下一页" },
  sidebarMenuLabel: "菜单",
  returnToTopLabel: "回到顶部",
  darkModeSwitchLabel: "外观",
  lightModeSwitchTitle: "切换到浅色",
  darkModeSwitchTitle: "切换到深色",
  langMenuLabel: "语言",
  skipToContentLabel: "跳到正文",
};
