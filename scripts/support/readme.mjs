// Takes code out of the READMEs, as a reader copies it.
import { read } from "./project.mjs";

/** The code block of a README that begins with the name of a file. */
export function block(path, mark) {
  const found = [...read(path).matchAll(/^```[^\n]*\n([^]*?)^```$/gm)].find(([, code]) =>
    code.startsWith(mark)
  );
  if (found === undefined) throw new Error(`${path} has no block that begins with ${mark}`);
  return found[1];
}
