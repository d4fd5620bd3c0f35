// Runs every recipe against its real framework, with the packed package, by a client that comes, leaves and comes back.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { EventClient, PATIENCE, until } from "../support/event_client.mjs";
import { exec } from "../support/exec.mjs";
import { nodeEnvironment } from "../support/nodes.mjs";
import { tarball } from "../support/packed.mjs";
import { copyProject, read, readJson, root } from "../support/project.mjs";
import { chineseList, filesOf, home, list, names, withCode } from "../support/recipes.mjs";
import { addressIn, linksOf } from "../support/repository.mjs";
import { withServer } from "../support/server.mjs";
import { freePort } from "../support/start.mjs";

/** The oldest that every framework here takes. */
const NODE = 22;
/** Seconds for one step: bringing a framework, building, starting it. */
const LIMIT = 180;
/** What a user writes must be read in a minute. */
const LINES = 30;

/** Those that are not a feed at one address, and who visits them. */
const VISITS = {
  "aws-lambda": visitAnswer,
  trpc: (url, printed) => visitFeed(url, printed, new URL("/trpc/write", url)),
};

/** Whose program is the server, and ends it: a deploy must not wait for its streams, nor cut them. */
const ENDS = ["express", "fastify", "koa", "nestjs", "trpc"];

const manifestOf = (name) => readJson(`${home}/${name}/package.json`);

const installed = new Map();

/** A copy of the recipe outside of the project, with its framework and the packed package; built if it has a build. */
function install(work, name) {
  if (!installed.has(name)) installed.set(name, bring(work, name));
  return installed.get(name);
}

async function bring(work, name) {
  const cwd = join(work, `recipe-${name}`);
  copyProject(cwd, `${home}/${name}`);
  const path = join(cwd, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  manifest.dependencies.tidings = `file:${await tarball(work)}`;
  writeFileSync(path, JSON.stringify(manifest));
  const own = await nodeEnvironment(work, NODE);
  const env = {
    ...own,
    // Behind the machine's own commands: Bun and Deno.
    PATH: [own.PATH, join(root, "node_modules/.bin")].join(delimiter),
    // No framework tells its maker that it was run.
    DO_NOT_TRACK: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    ASTRO_TELEMETRY_DISABLED: "1",
    CI: "1",
  };
  await exec(["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"], { cwd, env, limit: LIMIT });
  if (manifest.scripts.build) await exec(["npm", "run", "build"], { cwd, env, limit: LIMIT });
  return { cwd, env };
}

/** Runs one of the recipe's scripts that start a server. */
async function runScript({ work }, name, script) {
  const { cwd, env } = await install(work, name);
  const port = String(await freePort());
  const place = { PORT: port, HOST: "127.0.0.1" };
  const command = ["npm", "run", script];
  const options = { cwd, env: { ...env, ...place }, at: `http://127.0.0.1:${port}`, within: 60 };
  await withServer(
    command,
    options,
    async (url, printed) => {
      const events = new URL("/events", url);
      await (VISITS[name] ?? visitFeed)(events, printed);
      if (ENDS.includes(name)) return await stay(events);
    },
  );
}

/** A client that is there when the server is told to end. */
async function stay(url) {
  const client = await EventClient.open(url);
  return async () => {
    await until(() => client.ended, "the stream did not end after SIGTERM");
    if (client.ended !== "end") throw new Error("SIGTERM cut the stream in place of ending it");
  };
}

/** What a page and whoever posts would do. */
async function visitFeed(url, printed, input = url) {
  let left = 0;
  const leave = async (client) => {
    client.leave();
    left++;
    // Nothing is sent meanwhile, so that it is the departure that is noticed, and no write that failed.
    const noticed = () => printed().match(/^.*A client left, 0 are here$/gm)?.length === left;
    await until(noticed, "it was not noticed that the client left");
  };
  const first = await EventClient.open(url);
  // Each is seen before the next one is sent: nothing on the way may keep what is small until there is more.
  await post(input, "one");
  await first.see("one");
  await post(input, "two");
  const { id } = await first.see("two");
  await leave(first);
  await post(input, "three");
  await post(input, "four");
  const second = await EventClient.open(url, id);
  await second.see("four");
  await post(input, "five");
  await second.see("five");
  const got = second.events.map(({ data }) => JSON.parse(data).text).join(", ");
  if (got !== "three, four, five") throw new Error(`Back again after "two", the client got ${got}`);
  await leave(second);
}

/** One client reads an answer to its end, another leaves before. */
async function visitAnswer(url, printed) {
  const first = await EventClient.open(url);
  await first.see("One");
  if (first.events.length > 2) throw new Error(`At once came ${JSON.stringify(first.events)}`);
  await first.see("other.");
  await until(() => printed().includes("The stream is over: end"), "the answer did not end");
  const second = await EventClient.open(url);
  await second.see("One");
  second.leave();
  await until(() => printed().includes("The stream is over: client"), "nobody noticed that the client left");
}

async function post(url, text) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(PATIENCE * 1000),
  });
  const body = await answer.text();
  if (!answer.ok || !/"id":".+"/.test(body)) {
    throw new Error(`POST ${url} answered ${answer.status}: ${body}`);
  }
}

/** Each says what it is and what it stands on, in a few lines. */
function form() {
  if (names.length === 0) throw new Error(`There is no recipe in ${home}`);
  const problems = [];
  for (const name of names) {
    const { description, dependencies = {}, devDependencies = {}, scripts } = manifestOf(name);
    if (!description) problems.push(`${name} has no "description", which ${list} shows`);
    if (!existsSync(join(root, home, name, "README.md"))) problems.push(`${name} has no README.md`);
    if (startsOf({ scripts }).length === 0) problems.push(`${name} has no script "start"`);
    for (const [packageName, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (packageName !== "tidings" && !/^\d/.test(version)) {
        problems.push(`${name} takes ${packageName} ${version}, which is not one version`);
      }
    }
    const lines = codeOf(name);
    if (lines > LINES) {
      problems.push(`${name} has ${lines} lines of code; at most ${LINES} are read in a minute`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

const codeOf = (name) =>
  filesOf(name).reduce(
    (sum, path) => sum + read(`${home}/${name}/${path}`).split("\n").filter((line) => /\S/.test(line)).length,
    0,
  );

/** The row of each recipe in the list: its folder and its files on the repository, and what it is. */
function rows() {
  const { file } = linksOf(addressIn(root));
  return names.map((name) => {
    const at = `${file}${home}/${name}`;
    const files = filesOf(name).map((path) => `[\`${path}\`](${at}/${encodeURI(path)})`);
    return `| [${name}](${at}) | ${files.join(", ")} | ${manifestOf(name).description} |`;
  });
}

/** The rows that a list has, without the blanks that align them. */
const rowsOf = (path) =>
  read(path).split("\n").filter((line) => line.includes(`/${home}/`)).map((line) =>
    line.replace(/ +\|/g, " |")
  );

/** Both lists have each recipe as it is, and no other. */
function listed() {
  const told = rowsOf(list);
  const wanted = rows();
  if (told.join("\n") !== wanted.join("\n")) {
    throw new Error(`The table of recipes in ${list} must have these rows:\n${wanted.join("\n")}`);
  }
  // What a recipe is, each language says in its own words.
  const where = (row) => row.split("|").slice(0, 3).map((cell) => cell.trim()).join(" | ");
  const other = rowsOf(chineseList).map(where);
  if (other.join("\n") !== wanted.map(where).join("\n")) {
    throw new Error(
      `The table of recipes in ${chineseList} must have these rows, and of each what it is:\n` +
        wanted.map(where).join("\n"),
    );
  }
  for (const page of [list, chineseList]) {
    if (withCode(page) !== read(page)) {
      throw new Error(`${page} does not show the recipes' code as it is: npm run recipes`);
    }
  }
}

const startsOf = ({ scripts = {} }) => Object.keys(scripts).filter((script) => script.startsWith("start"));

export const gates = [
  { name: "the recipes' form", run: form },
  { name: "the list of recipes", run: listed },
  ...names.flatMap((name) =>
    startsOf(manifestOf(name)).map((script) => ({
      name: `recipe ${name}${script.replace("start", "").replace(":", " on ")}`,
      run: (context) => runScript(context, name, script),
    }))
  ),
];
