// Bundles tidings as its package is built, into a folder of the bench's own: what is measured is what users get.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export async function buildTidings() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const { build } = createRequire(new URL("../../package.json", import.meta.url))("esbuild");
  await build({
    absWorkingDir: root,
    entryPoints: [
      "mod.ts",
      "lib/serve/mod.ts",
      "lib/serve/node_entry.ts",
      "lib/client/mod.ts",
      "lib/compression/mod.ts",
      "lib/redis/mod.ts",
      "lib/nats/mod.ts",
      "lib/sqlite/mod.ts",
      "lib/postgres/mod.ts",
      "lib/resumable/mod.ts",
    ],
    outbase: ".",
    outdir: "bench/.out/tidings",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    external: ["node:*"],
    target: "es2022",
    logLevel: "warning",
  });
}
