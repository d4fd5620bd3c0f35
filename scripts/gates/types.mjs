// The package's declarations, as users' compilers see them: each setting is a program of its own, strict enough to look
// into declarations too, with the types of one runtime and nothing beside them.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { consumer } from "../support/packed.mjs";
import { bin, readJson, root } from "../support/project.mjs";

const sample = (name) => join(root, "scripts/gates/consumer", name);
const { devDependencies } = readJson("package.json");
const pinned = (name) => `${name}@${devDependencies[name]}`;

const REDIS = ["redis", "ioredis"].map(pinned);
const POSTGRES = ["pg", "@types/pg", "postgres"].map(pinned);
const NATS = ["@nats-io/jetstream", "@nats-io/transport-node"].map(pinned);
const MCP = ["@modelcontextprotocol/sdk", "@modelcontextprotocol/server"].map(pinned);
const ES2022 = ["es2022"];
// What the package has itself, and @types/node brings along: `Symbol.asyncDispose`.
const DISPOSABLE = [...ES2022, "esnext.disposable"];
const DOM = [...DISPOSABLE, "dom", "dom.iterable", "dom.asynciterable"];

/** One user's settings. A name that only the DOM library has fails in all of them that are without it. */
const SETTINGS = [
  { name: "the DOM library, nodenext", lib: DOM, files: ["core.ts", "web.ts"] },
  { name: "the DOM library, bundler", lib: DOM, bundler: true, files: ["core.ts", "web.ts"] },
  {
    name: "the frameworks'",
    lib: DOM,
    bundler: true,
    packages: ["react", "@types/react", "svelte", "vue"].map(pinned),
    files: ["bindings.ts"],
  },
  {
    name: "the DOM library beside Node's",
    lib: DOM,
    types: ["node"],
    packages: ["@types/node@24", ...REDIS, ...POSTGRES, ...NATS],
    files: ["core.ts", "hub.ts", "node.ts", "web.ts", "servers.ts", "nats.ts"],
  },
  {
    name: "those of the MCP SDK",
    lib: DOM,
    types: ["node"],
    packages: ["@types/node@24", ...MCP],
    files: ["mcp.ts"],
  },
  {
    name: "Node 18's alone",
    lib: ES2022,
    types: ["node"],
    packages: ["@types/node@18", ...REDIS, ...POSTGRES],
    // Not nats.ts: NATS' own declarations name WebSocket, which Node 18 has not.
    files: ["web.ts", "servers.ts"],
  },
  ...[20, 24].map((major) => ({
    name: `Node ${major}'s alone`,
    lib: ES2022,
    types: ["node"],
    packages: [`@types/node@${major}`, ...REDIS, ...POSTGRES, ...NATS],
    files: ["web.ts", "servers.ts", "nats.ts"],
  })),
  {
    name: "Bun's alone",
    lib: ES2022,
    types: ["bun-types"],
    packages: [pinned("bun-types"), ...REDIS, ...POSTGRES, ...NATS],
    files: ["hub.ts", "web.ts", "servers.ts", "nats.ts", "bun.ts"],
  },
  {
    name: "Cloudflare Workers' alone",
    lib: DISPOSABLE,
    types: ["@cloudflare/workers-types"],
    packages: ["@cloudflare/workers-types@5"],
    files: ["web.ts", "worker.ts"],
  },
];

async function compile({ work }, { name, lib, types = [], packages = [], files, bundler = false }) {
  const cwd = await consumer(work, `types, ${name}`.replace(/\W+/g, "-"), packages);
  for (const file of files) copyFileSync(sample(file), join(cwd, file));
  const compilerOptions = {
    target: "es2022",
    lib,
    types,
    module: bundler ? "esnext" : "nodenext",
    moduleResolution: bundler ? "bundler" : "nodenext",
    strict: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  await exec([bin("tsc"), "-p", "tsconfig.json"], { cwd });
}

/** Deno brings its own compiler, and finds an npm package where npm put it. */
async function onDeno({ work }) {
  const cwd = await consumer(work, "types-deno");
  const files = ["core.ts", "hub.ts", "web.ts", "deno.ts"];
  for (const file of files) copyFileSync(sample(file), join(cwd, file));
  await exec([bin("deno"), "check", ...files], { cwd });
}

export const gates = [
  ...SETTINGS.map((setting) => ({
    name: `the package's types under ${setting.name}`,
    run: (context) => compile(context, setting),
  })),
  { name: "the package's types under Deno's alone", run: onDeno },
];
