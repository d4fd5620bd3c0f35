/** The client library as a page can load it: one JavaScript file, made when it is first asked for. */

import { fileURLToPath } from "node:url";
import { report } from "../../lib/errors.ts";
import { fileHeaders } from "./files.ts";
import { plain } from "./http.ts";

const entry = fileURLToPath(new URL("../page/client.ts", import.meta.url));
let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

/** Deno's own way to esbuild, where nothing was installed. Bun fetches what is missing by itself. */
interface Bundler {
  bundle(options: { entrypoints: string[]; platform: "browser"; minify: boolean; write: false }): Promise<
    { outputFiles: { text(): string }[] }
  >;
}

async function bundleOnDeno(cause: unknown): Promise<string> {
  const { Deno } = globalThis as { Deno?: Partial<Bundler> };
  if (Deno?.bundle === undefined) throw cause;
  const { outputFiles } = await Deno.bundle({
    entrypoints: [entry],
    platform: "browser",
    minify: true,
    write: false,
  });
  return outputFiles[0]!.text();
}

/** Answers with the bundle, or says what is missing. */
export async function clientBundle(): Promise<Response> {
  try {
    const code = await (bundled ??= bundle().catch(bundleOnDeno));
    return new Response(code, { headers: fileHeaders("text/javascript; charset=utf-8") });
  } catch (error) {
    bundled = undefined;
    report("the pages' client library cannot be built. Is esbuild there? Run: npm ci", error);
    return plain(500, "The client library cannot be built here: run npm ci, and reload the page");
  }
}
