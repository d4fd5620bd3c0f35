// How large what a page has to load is: every entry point and the parser alone, minified and gzipped.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { readJson, root } from "./project.mjs";

// In bytes. The goals are a promise to the client's users. What has not reached its goal must not grow meanwhile: its
// limit is what it was when it was last made smaller.
const GOALS = { "./client": 3000, "./client/shared": 4500 };
const LIMITS = { "./client": 3480, "./client/shared": 4697 };

/** Bundles and measures: `[{ name, minified, gzipped, goal, limit }]`. */
export function measureSizes() {
  const targets = [{ name: "parser (createParser)", entry: "lib/client/parse.ts", goal: 1000, limit: 1000 }];
  for (const [name, { default: path }] of Object.entries(readJson("package.json").exports)) {
    if (path === undefined) continue;
    const entry = path.replace("./dist/", "").replace(/\.js$/, ".ts");
    const goal = GOALS[name] ?? Infinity;
    targets.push({ name, entry, goal, limit: LIMITS[name] ?? goal });
  }
  return Promise.all(targets.map(async ({ entry, ...target }) => {
    const { outputFiles: [{ contents }] } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      external: ["node:*"],
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return { ...target, minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length };
  }));
}
