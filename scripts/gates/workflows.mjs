// Reads what GitHub reads: the workflows, the forms of issues. Nobody sees a mistake in them before it is too late.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { bin, readJson, root } from "../support/project.mjs";

const WORKFLOWS = ".github/workflows";
const FORMS = ".github/ISSUE_TEMPLATE";
const FIELDS = ["markdown", "input", "textarea", "dropdown", "checkboxes"];

/** A folder's files and what they say: Bun reads YAML. */
async function parsed(folder) {
  const paths = readdirSync(join(root, folder)).filter((name) => /\.ya?ml$/.test(name)).map((name) =>
    `${folder}/${name}`
  );
  const program = `
    const all = {};
    for (const path of ${JSON.stringify(paths)}) {
      try {
        all[path] = { read: Bun.YAML.parse(await Bun.file(path).text()) };
      } catch (error) {
        all[path] = { unread: error.message };
      }
    }
    console.log(JSON.stringify(all));`;
  const files = Object.entries(JSON.parse(await exec([bin("bun"), "--eval", program], { cwd: root })));
  const unread = files.filter(([, { unread }]) => unread !== undefined);
  if (unread.length > 0) {
    throw new Error(
      `This is no YAML: ${unread.map(([path, { unread }]) => `${path}, ${unread}`).join("; ")}`,
    );
  }
  return files.map(([path, { read }]) => [path, read]);
}

/** What is wrong with a step. */
function* stepProblems({ uses, run }, scripts) {
  if ((uses === undefined) === (run === undefined)) yield `a step has either "uses" or "run"`;
  // An action of somebody else's at its newest is code that nobody here has chosen.
  if (uses !== undefined && !/^[\w-]+\/[\w./-]+@v?\d/.test(uses)) yield `"${uses}" names no version`;
  for (const [, script] of (run ?? "").matchAll(/\bnpm run ([\w:-]+)/g)) {
    if (scripts[script] === undefined) yield `there is no "npm run ${script}"`;
  }
  for (const [, path] of (run ?? "").matchAll(/\b(?:bash|node) ((?:\.?[\w-]+\/)+[\w.-]+)/g)) {
    if (!existsSync(join(root, path))) yield `there is no ${path}`;
  }
}

/** What is wrong with a workflow. */
function* workflowProblems({ on, permissions, jobs }, scripts) {
  if (on === undefined || on === null) yield `"on" does not say when it runs`;
  if (permissions?.contents !== "read") yield `"permissions" is more than "contents: read"`;
  if (Object.keys(jobs ?? {}).length === 0) yield "there are no jobs";
  for (const [name, job] of Object.entries(jobs ?? {})) {
    for (const needed of [job.needs ?? []].flat()) {
      if (jobs[needed] === undefined) yield `${name} needs ${needed}, which is no job`;
    }
    if (job.uses !== undefined) {
      if (!existsSync(join(root, job.uses))) yield `${name}: there is no ${job.uses}`;
      continue;
    }
    if (job["runs-on"] === undefined) yield `${name} has no "runs-on"`;
    if (!(job["timeout-minutes"] > 0)) yield `${name} has no "timeout-minutes", so it may hang for six hours`;
    if (!(job.steps?.length > 0)) yield `${name} has no steps`;
    for (const step of job.steps ?? []) {
      for (const problem of stepProblems(step, scripts)) yield `${name}: ${problem}`;
    }
  }
}

/** What is wrong with the form of an issue. */
function* formProblems({ name, description, body }) {
  if (!name || !description || !Array.isArray(body)) return yield "it lacks a name, a description or a body";
  const ids = body.map(({ id }) => id).filter((id) => id !== undefined);
  if (new Set(ids).size < ids.length) yield "an id is there twice";
  for (const { type, id, attributes } of body) {
    if (!FIELDS.includes(type)) yield `${type} is no field: there are ${FIELDS.join(", ")}`;
    if (type === "markdown" ? !attributes?.value : !id || !attributes?.label) {
      yield `a ${type} lacks its ${type === "markdown" ? "value" : "id or its label"}`;
    }
    if (type === "dropdown" && !(attributes?.options?.length > 1)) yield `${id} has nothing to choose from`;
  }
}

async function check() {
  const { scripts } = readJson("package.json");
  const workflows = await parsed(WORKFLOWS);
  const forms = await parsed(FORMS);
  const problems = [];
  for (const [path, workflow] of workflows) {
    for (const problem of workflowProblems(workflow, scripts)) problems.push(`${path}: ${problem}`);
  }
  for (const [path, form] of forms) {
    if (path.endsWith("/config.yml")) continue;
    for (const problem of formProblems(form)) problems.push(`${path}: ${problem}`);
  }
  const commands = workflows.flatMap(([, { jobs }]) =>
    Object.values(jobs ?? {}).flatMap(({ steps = [] }) => steps.map(({ run = "" }) => run))
  );
  for (const wanted of ["bash .ci/run", "npm publish --provenance", "deno publish"]) {
    if (!commands.some((command) => command.includes(wanted))) problems.push(`No workflow runs "${wanted}"`);
  }
  if (problems.length > 0) throw new Error(`What GitHub reads is not right:\n  ${problems.join("\n  ")}`);
}

export const gates = [{ name: "the workflows and the forms of issues", run: check }];
