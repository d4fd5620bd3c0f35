/**
 * Measures how far one process and one machine go. See README.md, or run it with --help.
 *
 *     npm run scale -- --connections 18000 --minutes 10
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildTidings } from "../harness/build.mjs";
import { command, pathOf, RUNTIMES, version } from "../harness/runtimes.mjs";
import { cores, one, several, topics } from "./parts.mjs";

const PARTS = { one, several, topics, cores };
const USAGE = `npm run scale -- [options]

  --connections 18000   idle connections of a process; both it and its clients need as many descriptors, and 1,000 more
  --minutes 10          how long nothing is said
  --storm 30            seconds within which all come back
  --processes 2         over Redis; --cluster-seconds 30 is how long nothing is said there
  --topic-clients 10000 on 100 topics, 200 messages a second in all, for 10 seconds
  --core-clients 1000   for one process, and for two that share a port, 5 seconds each
  --parts one,topics    only these of ${Object.keys(PARTS).join(", ")}; the others are kept as they are
  --runtimes node,bun   only these of ${RUNTIMES.join(", ")}
  --out results         the folder for scale.json
  --node PATH           this Node for the servers; --bun and --deno likewise
  --help                this
`;

const options = readOptions();
const files = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" })) || Infinity;
if (options.connections + 1_000 > files) {
  stop(
    `--connections ${options.connections} needs ${
      options.connections + 1_000
    } open files, and the limit is ${files}`,
  );
}
await buildTidings();
const file = `${options.out}/scale.json`;
const results = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { versions: {}, parts: {} };
Object.assign(results, {
  date: new Date().toISOString(),
  machine: {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
  },
});
for (const { kind, path } of options.runtimes) {
  results.versions[kind] = await version(path);
  for (const part of options.parts) {
    process.stderr.write(`${part}  ${kind} ${results.versions[kind]} … `);
    const result = await PARTS[part]({ kind, command: command(kind, path) }, options);
    process.stderr.write(`${JSON.stringify(result)}\n`);
    (results.parts[part] ??= {})[kind] = { ...result, load: loadavg()[0] };
    // After each, so that a run that is broken off keeps what it has.
    mkdirSync(options.out, { recursive: true });
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
}
process.exit(0);

function readOptions() {
  const defaults = {
    ...{ connections: "18000", minutes: "10", storm: "30", processes: "2", "cluster-seconds": "30" },
    ...{ "topic-clients": "10000", "core-clients": "1000" },
  };
  let values;
  try {
    values = parseArgs({
      options: {
        ...Object.fromEntries(
          Object.entries(defaults).map(([name, value]) => [
            name,
            { type: "string", default: value },
          ]),
        ),
        parts: { type: "string", default: Object.keys(PARTS).join() },
        runtimes: { type: "string", default: RUNTIMES.join() },
        out: { type: "string", default: "results" },
        ...Object.fromEntries(RUNTIMES.map((kind) => [kind, { type: "string" }])),
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    stop(error.message);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const number = (name) => {
    const value = Number(values[name]);
    if (!(value > 0)) stop(`--${name} must be a number above 0, received ${values[name]}`);
    return value;
  };
  const list = (name, known) => {
    const words = values[name].split(",");
    const unknown = words.find((word) => !known.includes(word));
    if (unknown !== undefined) stop(`--${name}: there is no "${unknown}"`);
    return words;
  };
  const minutes = number("minutes");
  const topicClients = number("topic-clients");
  if (topicClients % 100 !== 0) stop(`--topic-clients must be a multiple of 100, received ${topicClients}`);
  return {
    ...{ minutes, seconds: 60 * minutes, connections: number("connections"), storm: 1_000 * number("storm") },
    ...{ processes: number("processes"), clusterSeconds: number("cluster-seconds") },
    ...{ topicClients, topicCount: 100, topicRate: 200, topicSeconds: 10 },
    ...{ coreClients: number("core-clients"), coreSeconds: 5 },
    parts: list("parts", Object.keys(PARTS)),
    runtimes: list("runtimes", RUNTIMES).map((kind) => ({ kind, path: pathOf(kind, values[kind]) })),
    out: fileURLToPath(new URL(`../${values.out}/`, import.meta.url)),
  };
}

function stop(problem) {
  console.error(`${problem}\n\n${USAGE}`);
  process.exit(2);
}
