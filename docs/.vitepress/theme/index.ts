/** Dresses the site in VitePress' own theme, with the fonts that the reader's system has: nothing is loaded from elsewhere. */
import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import "./style.css";

const theme: Theme = { extends: DefaultTheme };

export default theme;
