// The page in real browsers. The tests count one by one, like those of the suite.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { root } from "../support/project.mjs";
import { runtime } from "../testing/runtimes.mjs";
import { runFiles } from "../testing/suite.mjs";

/** Debian's packages; each is also the name of its command. */
const PACKAGES = ["chromium", "firefox-esr"];

const starts = (name) => exec([name, "--version"]).then(() => true, () => false);

/** On a CI machine what is missing is installed; on anybody else's nothing is installed unasked. */
async function present() {
  const answers = await Promise.all(PACKAGES.map(starts));
  const missing = PACKAGES.filter((_, index) => !answers[index]);
  if (missing.length === 0) return;
  if (!process.env.CI) {
    throw new Error(`Not installed: ${missing.join(", ")}. On Debian: apt-get install ${missing.join(" ")}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await exec(["apt-get", "update"], { env });
  await exec(["apt-get", "install", "-y", ...missing], { env, limit: 900 });
  for (const name of missing) {
    if (!await starts(name)) {
      throw new Error(`${name} was installed and does not start: try "${name} --version"`);
    }
  }
}

async function browsers({ work }) {
  const folder = join(root, "tests/browser");
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith("_test.mjs")).sort()
    : [];
  if (names.length === 0) throw new Error("There is no tests/browser/*_test.mjs");
  const files = names.map((name) => `tests/browser/${name}`);
  const report = join(work, "browsers.report");
  return await runFiles(runtime("node"), files, { report, root, limit: 1200, stdout: "inherit" });
}

export const gates = [
  { name: "Chromium and Firefox are there", run: present },
  { name: "the page in Chromium and Firefox", run: browsers },
];
