/**
 * Runs an example as a process of its own, on the running runtime.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runArguments } from "./runtime.ts";
import { until } from "./wait.ts";

export class Example {
  readonly #child: ChildProcess;
  stdout = "";
  stderr = "";
  code: number | null | undefined;

  /** @param path Of the program, in `examples/`. */
  constructor(path: string, env: Record<string, string>) {
    const program = fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
    this.#child = spawn(process.execPath, [...runArguments, program], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", ...env },
    });
    this.#child.stdout!.on("data", (chunk: unknown) => this.stdout += String(chunk));
    this.#child.stderr!.on("data", (chunk: unknown) => this.stderr += String(chunk));
    this.#child.once("close", (code) => this.code = code);
  }

  get url(): string | undefined {
    return /^Listening on (http:\/\/127\.0\.0\.1:\d+)\/$/m.exec(this.stdout)?.[1];
  }

  async ready(): Promise<this> {
    await until(() => this.url !== undefined, "the URL is printed", 30_000);
    return this;
  }

  signal(name: NodeJS.Signals): void {
    // Not `child.kill()`: Deno then reports the signal in place of the exit code.
    if (this.code === undefined) process.kill(this.#child.pid!, name);
  }

  ended(): Promise<void> {
    return until(() => this.code !== undefined, "the process has ended", 30_000);
  }
}

/** Fetches a page, all that it names and all that its modules import, and says where: each must be there. */
export async function pageAndFiles(url: string): Promise<{ html: string; files: string[] }> {
  const response = await fetch(url);
  if (response.headers.get("content-type") !== "text/html; charset=utf-8") {
    throw new Error(`No page at ${url}`);
  }
  const html = await response.text();
  const files = [...html.matchAll(/(?:src|href)="([^"?#]+\.\w+)"/g)].map(([, path]) =>
    new URL(path!, url).href
  );
  // A list that grows while it is walked.
  for (const file of files) {
    const answer = await fetch(file);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${file} answered ${answer.status}: ${text}`);
    if (!file.endsWith(".js")) continue;
    // In comments stand the types of TypeScript modules, which no browser loads.
    const code = text.replace(/\/\*[^]*?\*\//g, "");
    for (const [, path] of code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)) {
      const { href } = new URL(path!, file);
      if (!files.includes(href)) files.push(href);
    }
  }
  return { html, files };
}
