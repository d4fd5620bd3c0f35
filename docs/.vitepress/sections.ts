/** Says which pages the site has, and in which order: each language's menus. */
import type { DefaultTheme } from "vitepress";

/** Pages of one section: the heading, and each page's title and address. */
type Section = readonly [
  heading: string,
  pages: readonly (readonly [title: string, address: string])[],
];

const REFERENCE = [
  ["tidings", "/api/tidings"],
  ["tidings/client", "/api/client"],
  ["tidings/client/shared", "/api/client/shared"],
  ["tidings/compression", "/api/compression"],
  ["tidings/nats", "/api/nats"],
  ["tidings/node", "/api/node"],
  ["tidings/redis", "/api/redis"],
  ["tidings/serve", "/api/serve"],
] as const;

const ENGLISH: readonly Section[] = [
  ["Introduction", [["Start", "/start"], ["Concepts", "/concepts"]]],
  ["Guides", [
    ["Authentication", "/guides/authentication"],
    ["Who receives what", "/guides/channels"],
    ["Typed events", "/guides/typed-events"],
    ["The state first, then changes", "/guides/state-first"],
    ["Answers of a language model", "/guides/llm"],
    ["Notifications with a history", "/guides/notifications"],
    ["Testing your own code", "/guides/testing"],
    ["Coming from another library", "/guides/migration"],
    ["Publishing from another language", "/guides/other-languages"],
    ["Deployment", "/guides/deployment"],
    ["Observability", "/guides/observability"],
  ]],
  ["Recipes", [["By framework", "/recipes/"]]],
  ["Reference", [["Options", "/reference"], ["Error codes", "/errors"], ...REFERENCE]],
  ["Figures", [["Figures", "/figures"]]],
  ["Engines and scaling", [["Past one process", "/scaling"], ["Cloudflare Workers", "/workers"]]],
  ["Operations", [
    ["Operations", "/operations"],
    ["Security and limits", "/security"],
    ["Architecture", "/architecture"],
  ]],
];

const CHINESE: readonly Section[] = [];

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
  nav: [],
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
