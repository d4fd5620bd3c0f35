/** Compares the guides to the hub, in both languages, with what `tidings hub --help` says and with each other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runModule } from "../support/spawn.ts";

const pageOf = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

/** The cells of each row of the table whose first heading is this, without the blanks that align them. */
function rowsOf(page: string, heading: string): string[][] {
  const rows = page.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim()));
  const begin = rows.findIndex(([first]) => first === heading);
  const rest = rows.slice(begin + 2);
  const end = rest.findIndex(([first]) => !/^(`--|–$)/.test(first!));
  return end === -1 ? rest : rest.slice(0, end);
}

/** A row for each setting that the help tells. */
async function settings(): Promise<string[][]> {
  const { stdout } = await runModule(
    new URL("../../lib/cli/mod.ts", import.meta.url),
    {
      args: ["hub", "--help"],
      ms: 60_000,
    },
  );
  const found = [
    ...stdout.matchAll(/^ {2}(--[\w-]+(?: <\w+>)?)? +(\S.*) \(([A-Z_]+)\)$/gm),
  ];
  assert.ok(found.length >= 16, stdout);
  return found.map(([, flag, help, variable]) => {
    const [, meaning, usual] = /^(.*?)(?:; (.*))?$/.exec(help!)!;
    // What is one word is typed as it stands.
    const typed = usual !== undefined && !usual.includes(" ") ? `\`${usual}\`` : usual ?? "";
    return [
      flag === undefined ? "–" : `\`${flag}\``,
      `\`${variable}\``,
      meaning!,
      typed,
    ];
  });
}

test("the guide's table of settings is what the help says", async () => {
  const wanted = await settings();
  const told = rowsOf(pageOf("guides/hub.md"), "Flag");
  const text = wanted.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  assert.deepEqual(
    told,
    wanted,
    `The table of settings in docs/guides/hub.md must have these rows:\n${text}`,
  );
});

test("the Chinese table of settings has the same ones", async () => {
  const names = (rows: string[][]) => rows.map(([flag, variable]) => `${flag} ${variable}`);
  const told = rowsOf(pageOf("zh/guides/hub.md"), "参数");
  assert.deepEqual(names(told), names(await settings()));
  for (const [, variable = "", meaning = ""] of told) {
    assert.match(meaning, /[\u4e00-\u9fff]/, variable);
  }
});

test("the Chinese guide shows the same code", () => {
  const codeOf = (path: string) => pageOf(path).match(/^```\w+\n[^]*?^```$/gm);
  assert.deepEqual(codeOf("zh/guides/hub.md"), codeOf("guides/hub.md"));
});
