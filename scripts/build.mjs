// Builds dist/ from the sources: JavaScript by esbuild, declarations by tsc.
// The entry points are read from package.json, so a new one needs no change here.
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const entries = Object.values(manifest.exports)
  .filter((entry) => typeof entry === "object")
  .map((entry) => entry.default.replace("./dist/", "").replace(/\.js$/, ""))
  .map((path) => ({ in: `${path}.ts`, out: path }));
// The command finds the package's folder two folders up, where its source finds the project's.
entries.push({ in: "lib/cli/mod.ts", out: "lib/cli" });

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: entries,
  outdir: "dist",
  bundle: true,
  // One copy of what the entry points share: an error class or a registry that existed twice would not match itself.
  splitting: true,
  format: "esm",
  // "neutral" refuses a `node:` import anywhere but where it is named here, and the frameworks are the user's own.
  platform: "neutral",
  external: [
    ...[
      "node:fs",
      "node:crypto",
      "node:fs/promises",
      "node:http",
      "node:path",
      "node:process",
      "node:util",
      "node:zlib",
    ],
    ...["@nats-io/jetstream", "@nats-io/transport-node", "jose", "pg", "react", "redis"],
    ...["urlpattern-polyfill", "vue"],
  ],
  target: "es2022",
  sourcemap: true,
  logLevel: "warning",
});
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
