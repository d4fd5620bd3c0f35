// Installs and builds the documentation site, once for all gates that look at it.
import { join } from "node:path";
import { exec } from "./exec.mjs";
import { root } from "./project.mjs";

export const docs = join(root, "docs");

const steps = new Map();

/** Runs a step the first time that it is asked for. */
function once(name, step) {
  if (!steps.has(name)) steps.set(name, step());
  return steps.get(name);
}

/** Brings what docs/package.json names. */
export const installDocs = () =>
  once("install", () => exec(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: docs }));

/** Writes the API pages and builds the site. @returns the folder that a web server would serve */
export const buildDocs = () =>
  once("build", async () => {
    await installDocs();
    await exec(["npm", "run", "build"], { cwd: docs });
    return join(docs, ".vitepress/dist");
  });
