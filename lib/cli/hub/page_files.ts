/**
 * Holds the files of a page that the command serves, and answers with them.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { HEADERS, problem } from "./answers.ts";

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

// It loads nothing from elsewhere, sends nothing elsewhere, and stands in no frame.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export class PageFiles {
  readonly #files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  readonly #first: string;

  /**
   * Reads the files of a page.
   *
   * @param folder That of the package.
   * @param names The first one is the page itself.
   */
  static async open(folder: URL, names: readonly [string, ...string[]]): Promise<PageFiles> {
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    for (const name of names) {
      files.set(name, new Uint8Array(await readFile(new URL(`lib/cli/hub/page/${name}`, folder))));
    }
    return new PageFiles(files, names[0]);
  }

  private constructor(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>, first: string) {
    this.#files = files;
    this.#first = first;
  }

  /** @param path What stands behind the page's own path. */
  answer({ method }: Request, path: string): Response | undefined {
    const name = path === "" || path === "/" ? this.#first : path.slice(1);
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    if (method !== "GET") return problem(405, "This takes GET");
    return new Response(file, {
      headers: {
        ...HEADERS,
        "content-type": TYPES[name.slice(name.lastIndexOf(".") + 1)]!,
        "content-security-policy": POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
      },
    });
  }
}
