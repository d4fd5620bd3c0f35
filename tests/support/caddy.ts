/**
 * Starts Caddy with a file of the project's, in a folder of its own.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { noLanguage } from "./languages.ts";
import { type Program, startProgram } from "./programs.ts";

/** Why Caddy cannot run here; false if it can. */
export const noCaddy = (): string | false =>
  noLanguage({ name: "", command: ["caddy"], version: ["version"], debian: "caddy" });

/** Starts it by a Caddyfile's text, with these variables. Its `end()` takes the folder away, too. */
export function startCaddy(
  caddyfile: string,
  variables: Record<string, string> = {},
): Pick<Program, "said" | "end"> {
  const work = mkdtempSync(join(tmpdir(), "tidings-caddy-"));
  const file = join(work, "Caddyfile");
  // Its port for administration is a fixed one.
  writeFileSync(file, `{\n\tadmin off\n}\n${caddyfile}`);
  const caddy = startProgram(["caddy", "run", "--adapter", "caddyfile", "--config", file], {
    cwd: work,
    env: { ...process.env, HOME: work, XDG_DATA_HOME: work, XDG_CONFIG_HOME: work, ...variables },
  });
  return {
    said: caddy.said,
    async end() {
      await caddy.end();
      rmSync(work, { recursive: true, force: true });
    },
  };
}
