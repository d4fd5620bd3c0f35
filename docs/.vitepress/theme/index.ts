/** Dresses the site in VitePress' own theme, with the fonts that the reader's system has: nothing is loaded from elsewhere. */
import Theme from "vitepress/theme-without-fonts";
import "./style.css";

export default Theme;
