/** Dresses the site in VitePress' own theme, with the fonts that the reader's system has: nothing is loaded from elsewhere. */
import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import RecipeList from "./RecipeList.vue";
import "./style.css";

const theme: Theme = {
  extends: DefaultTheme,
  enhanceApp: ({ app }) => void app.component("RecipeList", RecipeList),
};

export default theme;
