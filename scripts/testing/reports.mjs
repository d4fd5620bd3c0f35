// Reads what a runner wrote down: its tests, as `{ name, outcome, reason }`, and which of `files` held none, as far as it
// tells. The reason of a failure is the error's message.
import { resolve } from "node:path";

/** The JSON lines of `node_reporter.mjs`. */
export function readNode(text) {
  // A runner that was stopped may have left half a line at the end.
  const all = text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  const empty = all.filter(({ outcome }) => outcome === "empty").map(({ file }) => file);
  return { tests: all.filter(({ outcome }) => outcome !== "empty"), empty };
}

/** Bun names the file that it ran; one in which it found no test, or could not load, is not in its report. */
export function readBun(xml, files) {
  const tests = readJUnit(xml);
  const heard = new Set(tests.map(({ suite }) => resolve(suite)));
  return { tests, empty: files.filter((file) => !heard.has(resolve(file))) };
}

/**
 * Deno names the file in which a test was defined, so a helper may stand for the file that was run, and an empty file is
 * not to be told. It lists a suite beside the tests in it; only the tests count, as on Node and Bun.
 */
export function readDeno(xml) {
  const all = readJUnit(xml);
  const parents = new Set(all.flatMap(({ name }) => {
    const parts = name.split(" > ");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join(" > "));
  }));
  return { tests: all.filter(({ name }) => !parents.has(name)), empty: [] };
}

const TOKEN =
  /<testsuite\b((?:[^>"]|"[^"]*")*)>|<testcase\b((?:[^>"]|"[^"]*")*)>|<(failure|error|skipped)\b((?:[^>"]|"[^"]*")*)>|<\/testcase>/g;
const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

function attribute(attributes, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return value?.replace(
    /&(?:(lt|gt|quot|apos|amp)|#(\d+));/g,
    (_, entity, code) => entity ? ENTITIES[entity] : String.fromCodePoint(code),
  );
}

/** JUnit's XML, as `{ suite, name, outcome, reason }`, where `suite` is the file that the runner names. */
export function readJUnit(xml) {
  const tests = [];
  let suite;
  let open;
  for (const [token, suiteAttributes, caseAttributes, mark, markAttributes] of xml.matchAll(TOKEN)) {
    if (suiteAttributes !== undefined) {
      suite = attribute(suiteAttributes, "file") ?? attribute(suiteAttributes, "name");
    } else if (caseAttributes !== undefined) {
      open = { suite, name: attribute(caseAttributes, "name"), outcome: "passed" };
      tests.push(open);
      if (token.endsWith("/>")) open = undefined;
    } else if (mark && open) {
      open.outcome = mark === "skipped" ? "skipped" : "failed";
      open.reason = attribute(markAttributes, "message");
    } else {
      open = undefined;
    }
  }
  return tests;
}
