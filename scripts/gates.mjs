// Runs the gates alone, without the suite; names pick some of them.
//   npm run gates                 all
//   npm run gates -- fmt lint     those whose name contains "fmt" or "lint"
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gates } from "./gates/list.mjs";
import { runGates } from "./gates/run.mjs";
import { report } from "./support/table.mjs";

const { positionals: wanted } = parseArgs({ allowPositionals: true });
const chosen = gates.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(
    `No gate's name contains ${wanted.join(" or ")}; there are:\n  ${
      gates.map(({ name }) => name).join("\n  ")
    }`,
  );
}

const work = mkdtempSync(join(tmpdir(), "tidings-gates-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
report("gate", await runGates(chosen, { work }));
