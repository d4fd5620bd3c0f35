/** Reads the examples' own code, for the front page: the lines that it shows, and how many lines each system has. */

import { readdir, readFile } from "node:fs/promises";

/** How many lines of code a system has, on each side. */
export interface LineCount {
  readonly server: number;
  readonly page: number;
}

/**
 * What stands between the marks `// shown: from here` and `// shown: to here` of a source.
 *
 * @param file Its path, for errors.
 * @throws {TypeError} If a mark is missing.
 */
export function shownLines(file: string, source: string): string {
  const [, shown] = /^\/\/ shown: from here\n([^]*?)\n\/\/ shown: to here$/m
    .exec(source.replaceAll("\r\n", "\n")) ?? [];
  if (shown === undefined) {
    throw new TypeError(
      `${file} must have the lines "// shown: from here" and, below it, "// shown: to here": the front page shows what is between`,
    );
  }
  return shown;
}

/** Lines of JavaScript or TypeScript that are neither blank nor comment. */
export function countLines(source: string): number {
  const code = source.replace(/^\s*\/\*[^]*?\*\/\s*$/gm, "").replace(/^\s*\/\/.*$/gm, "");
  return code.split("\n").filter((line) => line.trim() !== "").length;
}

/** Counts the folder of a system, with all below it. Sentences are no code: `text.js` is left out. */
export async function countFolder(url: URL): Promise<LineCount> {
  let server = 0;
  let page = 0;
  for (const entry of await readdir(url, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      const below = await countFolder(new URL(`${entry.name}/`, url));
      server += below.server;
      page += below.page;
    } else if (/\.(ts|js)$/.test(entry.name) && entry.name !== "text.js") {
      const lines = countLines(await readFile(new URL(entry.name, url), "utf8"));
      if (entry.name.endsWith(".ts")) server += lines;
      else page += lines;
    }
  }
  return { server, page };
}
