// Reads what a runner wrote down about its tests: a list of `{ file, name, outcome }`.

/** The JSON lines of `node_reporter.mjs`. */
export function readJsonLines(text) {
  // A runner that was stopped may have left half a line at the end.
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}

const TOKEN =
  /<testsuite\b((?:[^>"]|"[^"]*")*)>|<testcase\b((?:[^>"]|"[^"]*")*)>|<(failure|error|skipped)\b|<\/testcase>/g;
const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function attribute(attributes, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity) => ENTITIES[entity]);
}

/** The JUnit XML that Bun and Deno write. */
export function readJUnit(xml) {
  const tests = [];
  let suite;
  let open;
  for (const [token, suiteAttributes, caseAttributes, mark] of xml.matchAll(TOKEN)) {
    if (suiteAttributes !== undefined) {
      suite = attribute(suiteAttributes, "file") ?? attribute(suiteAttributes, "name");
    } else if (caseAttributes !== undefined) {
      const file = attribute(caseAttributes, "file") ?? suite;
      open = { file, name: attribute(caseAttributes, "name"), outcome: "passed" };
      tests.push(open);
      if (token.endsWith("/>")) open = undefined;
    } else if (mark && open) {
      open.outcome = mark === "skipped" ? "skipped" : "failed";
    } else {
      open = undefined;
    }
  }
  return tests;
}
