/**
 * Says which programming languages and other commands this machine has, and takes their programs out of a guide.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";

/** A language whose programs are run. */
export interface Language {
  readonly name: string;
  /** What starts its programs, and what asks for its version. */
  readonly command: readonly string[];
  readonly version: readonly string[];
  /** Its package in Debian. A CI machine has it, unless it is not `wanted` there. */
  readonly debian: string;
  readonly wanted?: boolean;
}

/** Why a language's programs cannot run here; false if they can. On a CI machine they have to, if it is wanted there. */
export function noLanguage(
  { command: [program], version, debian, wanted = true }: Language,
): string | false {
  if (spawnSync(program!, version, { stdio: "ignore" }).status === 0) {
    return false;
  }
  if (process.env["CI"] && wanted) {
    throw new Error(
      `${program} does not start. On Debian: apt-get install ${debian}`,
    );
  }
  return `${program} is not installed`;
}

/** The program of that file in a page: the block whose first line names it. */
export function programIn(page: string, file: string): string {
  return onlyBlock(
    page,
    `begin with a comment that names ${file}`,
    ({ code }) => code.split("\n", 1)[0]!.endsWith(` ${file}`),
  );
}

/** The block of that language in which this stands. */
export function blockIn(page: string, language: string, part: string): string {
  return onlyBlock(
    page,
    `of ${language} have ${part}`,
    (block) => block.language === language && block.code.includes(part),
  );
}

interface Block {
  readonly language: string;
  readonly code: string;
}

function onlyBlock(page: string, what: string, isIt: (block: Block) => boolean): string {
  const blocks = [...page.matchAll(/^```(\w+)\n([^]*?)^```$/gm)];
  const found = blocks.map(([, language, code]) => ({ language: language!, code: code! })).filter(isIt);
  if (found.length !== 1) throw new Error(`${found.length} blocks ${what}`);
  return found[0]!.code;
}
