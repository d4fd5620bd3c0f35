/** Links a page to itself in the other language, or to that language's first page if it has no such page. */
import { useData } from "vitepress";
import { computed, type ComputedRef } from "vue";

/** A language in the menu. */
interface Language {
  readonly text?: string | undefined;
  readonly label?: string | undefined;
  readonly link: string;
}

/** The paths of the pages below docs/zh, which config.ts lists: every Chinese page has an English one. */
declare const CHINESE_PAGES: readonly string[];

const homeOf = (locale: string): string => locale === "root" ? "/" : `/${locale}/`;

/** What VitePress' own theme asks for, in the place of its `composables/langs`. */
export function useLangs(
  { correspondingLink = false } = {},
): {
  localeLinks: ComputedRef<Language[]>;
  currentLang: ComputedRef<Language>;
} {
  const { site, localeIndex, page, hash } = useData();
  const currentLang = computed(() => ({
    label: site.value.locales[localeIndex.value]?.label,
    link: homeOf(localeIndex.value),
  }));
  const localeLinks = computed(() =>
    Object.entries(site.value.locales).filter(([key]) => key !== localeIndex.value).map(
      ([key, { label }]) => {
        const home = homeOf(key);
        const path = page.value.relativePath.slice(
          currentLang.value.link.length - 1,
        );
        const isThere = correspondingLink &&
          CHINESE_PAGES.includes(path.slice(1));
        const address = path.replace(/(^|\/)index\.md$/, "$1").replace(
          /\.md$/,
          ".html",
        );
        return {
          text: label,
          link: isThere ? `${home}${address}${hash.value}` : home,
        };
      },
    )
  );
  return { localeLinks, currentLang };
}
