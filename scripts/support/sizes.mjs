// Measures what a page has to load: every entry point and the parser alone, minified and gzipped.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { readJson, root } from "./project.mjs";

// In bytes: a promise to the client's users, and a gate. They were 3300 and 4700 before the client refused
// options that it does not know and said what is wrong: a fault that passes without a word costs more than a sentence.
// And 3900 and 5250 before it took no promise for an event that nobody is waited for: a fourth of the time, on all runtimes.
const LIMITS = {
  "./client": 4200,
  "./client/shared": 5500,
  "./react": 6700,
  "./svelte": 6650,
  "./vue": 6800,
};

/** Bundles and measures: `[{ name, minified, gzipped, limit }]`. */
export function measureSizes() {
  const targets = [{ name: "parser (createParser)", entry: "lib/client/parse.ts", limit: 1010 }];
  for (const [name, { default: path }] of Object.entries(readJson("package.json").exports)) {
    if (path === undefined) continue;
    const entry = path.replace("./dist/", "").replace(/\.js$/, ".ts");
    targets.push({ name, entry, limit: LIMITS[name] ?? Infinity });
  }
  return Promise.all(targets.map(async ({ entry, ...target }) => {
    const { outputFiles: [{ contents }] } = await build({
      absWorkingDir: root,
      entryPoints: [entry],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "neutral",
      external: ["node:*", "react", "vue"],
      target: "es2022",
      write: false,
      logLevel: "silent",
    });
    return { ...target, minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length };
  }));
}
