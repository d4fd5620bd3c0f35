// Starts the real browsers of this machine.
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import puppeteer from "puppeteer-core";

/** The names that each browser goes by on the PATH; the first that is there is taken. */
const commands = {
  chromium: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  firefox: ["firefox-esr", "firefox"],
};

export const browserNames = Object.keys(commands);

/** The executable of the browser called `name`, or undefined where there is none. */
export function findBrowser(name) {
  for (const command of commands[name]) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, command);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch { /* not in this folder */ }
    }
  }
}

/** Why there can be no tests of this browser here; undefined when there can. */
export function whyNoBrowser(name) {
  return findBrowser(name) ? undefined : `no ${name} on the PATH (looked for ${commands[name].join(", ")})`;
}

/**
 * Starts a browser without window and with a profile of its own. `close()` it, and the profile is gone too.
 *
 * @param language what it prefers to read
 */
export async function launchBrowser(name, { dark = false, language = "en-US" } = {}) {
  const executablePath = findBrowser(name);
  if (!executablePath) throw new Error(whyNoBrowser(name));
  const profile = await mkdtemp(join(tmpdir(), `tidings-${name}-`));
  const browser = await puppeteer.launch({
    browser: name === "firefox" ? "firefox" : "chrome",
    executablePath,
    headless: true,
    userDataDir: profile,
    timeout: 120_000,
    protocolTimeout: 120_000,
    ...(name === "firefox" ? firefoxOptions(dark, language) : chromiumOptions(language)),
  });
  return {
    name,
    newPage: async () => {
      const page = await browser.newPage();
      page.setDefaultTimeout(60_000);
      // Firefox takes the colour scheme from a preference at launch, and knows no emulation of it.
      if (name === "chromium") {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
      }
      return page;
    },
    close: async () => {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

function chromiumOptions(language) {
  const args = [
    "--no-sandbox", // its sandbox refuses to run as root, which is what containers run as
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--lang=${language}`,
    `--accept-lang=${language}`,
  ];
  return { args };
}

function firefoxOptions(dark, language) {
  return {
    extraPrefsFirefox: {
      "layout.css.prefers-color-scheme.content-override": dark ? 0 : 1,
      "intl.accept_languages": language,
    },
  };
}
