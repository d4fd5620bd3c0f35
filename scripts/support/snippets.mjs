// Takes the code blocks out of Markdown pages and makes files of them. What a comment above a block says about it:
//   <!-- snippet: as prices.ts -->               blocks of one page with the same name are one file, in their order
//   <!-- snippet: run -->, or: as prices.ts, run  it is run too, and has to end by itself; "run on node bun" names runtimes
//   <!-- snippet: not checked, because … -->     it is left out
// A comment that holds a block belongs to a file and is not shown: it declares what a page need not show, or tests what it shows.
//   <!-- snippet: as prices.ts
//   ```ts
//   …
//   ```
//   -->

/** A file made of the blocks of one page. */
class SnippetFile {
  #lines = [];

  constructor(page, name) {
    this.page = page;
    this.name = name;
    /** The runtimes that run it: none, if nobody asked for it. */
    this.runtimes = [];
  }

  /** Puts the code at the lines at which it stands in the page, so that an error's line is the page's. */
  add(code, line) {
    while (this.#lines.length < line) this.#lines.push("");
    this.#lines.push(...code.split("\n"));
  }

  get code() {
    return `${this.#lines.join("\n").trimEnd()}\n`;
  }
}

const LANGUAGES = { ts: "ts", typescript: "ts", tsx: "tsx", js: "js", javascript: "js", mjs: "js" };

export const RUNTIMES = ["node", "bun", "deno"];

/** Opening comment, block, rest of a comment that hides the block. */
const PATTERN = /(?:^<!-- snippet: ([^\n]*?)(?:[ ]-->)?\n\s*)?^( *)```(\w+)([^\n]*)\n([^]*?)^\2```[ ]*$/gm;

/** @returns {SnippetFile[]} the files of a page, in the order in which they begin */
export function snippetsOf(page, text) {
  const files = new Map();
  for (const match of text.matchAll(PATTERN)) {
    const [, note = "", indent, language, , block] = match;
    const extension = LANGUAGES[language];
    const line = text.slice(0, match.index + match[0].indexOf("```")).split("\n").length;
    const { name = `line-${line}.${extension}`, runtimes, unchecked } = directives(note, `${page}:${line}`);
    if (extension === undefined || unchecked) continue;
    const file = files.get(name) ?? new SnippetFile(page, name);
    files.set(name, file);
    if (runtimes !== undefined) file.runtimes = runtimes;
    file.add(indent === "" ? block : block.replaceAll(new RegExp(`^${indent}`, "gm"), ""), line);
  }
  return [...files.values()];
}

/** What a comment says, in parts that a comma separates. */
function directives(note, place) {
  const said = {};
  if (note.startsWith("not checked")) {
    if (!/^not checked, because \S.{10,}/.test(note)) {
      throw new Error(`${place}: say why, "not checked, because …", received "${note}"`);
    }
    return { unchecked: true };
  }
  for (const part of note === "" ? [] : note.split(", ")) {
    const [word, ...rest] = part.split(" ");
    if (word === "as" && rest.length === 1) said.name = rest[0];
    else if (word === "run") said.runtimes = rest.length > 0 ? rest.slice(1) : RUNTIMES;
    else {throw new Error(
        `${place}: a snippet is "as <file>", "run" or "not checked, because …", not "${part}"`,
      );}
  }
  return said;
}
