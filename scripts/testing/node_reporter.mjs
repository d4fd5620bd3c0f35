// Reports for `node --test`: it writes one JSON line for each test that ended.
// Node's own reports differ from version to version, and count a file with no test in it as a test that passed.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

export default async function* (events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const failed = type === "test:fail";
    const kind = data.details?.type;
    // A suite counts only for what is its own fault (a hook, say), not for the tests inside it.
    const ownFault = failed && data.details?.error?.failureType !== "subtestsFailed";
    if (kind === "suite" && !ownFault) continue;
    const file = data.file?.startsWith("file:") ? fileURLToPath(data.file) : data.file;
    // A test that stands for its file: it failed because the file crashed, or "passed" because no test was in it.
    const isFile = file !== undefined && data.nesting === 0 && resolve(data.name) === file;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    const outcome = failed ? "failed" : isFile ? "empty" : skipped ? "skipped" : "passed";
    const error = data.details?.error;
    const reason = failed ? (error?.cause?.message ?? error?.message) : undefined;
    yield JSON.stringify({ file, name: data.name, outcome, reason }) + "\n";
  }
}
