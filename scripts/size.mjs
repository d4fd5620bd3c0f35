// Prints the size of every entry point, minified and gzipped, and exits with 1 when one is over its limit.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

// What a page has to load, in bytes. The client's limits are a promise to its users; the rest is only shown.
const limits = { "./client": 3000, "./client/shared": 4500 };
const targets = [["parser (createParser)", "lib/client/parse.ts", 1000]];
for (const [name, entry] of Object.entries(manifest.exports)) {
  if (typeof entry !== "object") continue;
  targets.push([
    name,
    entry.default.replace("./dist/", "").replace(/\.js$/, ".ts"),
    limits[name] ?? Infinity,
  ]);
}

let over = false;
const rows = [["entry point", "minified", "gzipped", "limit", ""]];
for (const [name, entry, limit] of targets) {
  let text;
  try {
    const { outputFiles } = await build({
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
    text = outputFiles[0].contents;
  } catch (error) {
    rows.push([name, "-", "-", "-", `cannot be built: ${error.message.split("\n")[1] ?? error.message}`]);
    over ||= limit < Infinity;
    continue;
  }
  const gzipped = gzipSync(text, { level: 9 }).length;
  over ||= gzipped > limit;
  rows.push([name, text.length, gzipped, limit, gzipped > limit ? `over by ${gzipped - limit}` : ""]);
}
for (const [name, ...cells] of rows) {
  console.log(
    String(name).padEnd(24),
    ...cells.slice(0, 3).map((cell) => String(cell === Infinity ? "-" : cell).padStart(9)),
    ` ${cells[3]}`,
  );
}
process.exit(over ? 1 : 0);
