// Tests the pages in real browsers. The tests count one by one, like those of the suite.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { present } from "../support/debian.mjs";
import { root } from "../support/project.mjs";
import { runtime } from "../testing/runtimes.mjs";
import { runFiles } from "../testing/suite.mjs";

/** Files at once. They wait most of the time, for servers that are away, and not for the processor. */
const AT_ONCE = 3;

async function browsers({ work }) {
  const folder = join(root, "tests/browser");
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith("_test.mjs")).sort()
    : [];
  if (names.length === 0) throw new Error("There is no tests/browser/*_test.mjs");
  const files = names.map((name) => `tests/browser/${name}`);
  const report = join(work, "browsers.report");
  const node = runtime("node");
  const command = (files, report) => node.command(files, report, AT_ONCE);
  return await runFiles({ ...node, command }, files, { report, root, limit: 1200, stdout: "inherit" });
}

export const gates = [
  { name: "Chromium and Firefox are there", run: () => present(["chromium", "firefox-esr"]) },
  { name: "the page in Chromium and Firefox", run: browsers },
];
