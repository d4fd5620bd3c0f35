// Starts a server, as a person would who opens the page next: it prints its address, or is told it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const ADDRESS = /https?:\/\/\S+?:\d+\S*/;

/**
 * @param {string[]} command the server's command; it has to print its URL, unless that is known
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, within?: number, at?: string }} options `within` is in
 *   seconds; `at` is the URL that the command was told, for a server that prints another one or none
 * @param {(url: string, printed: () => string) => Promise<void | (() => Promise<void>)>} visit what to do with it once it
 *   is up; `printed` gives all that it has printed. What it answers is called once the server has been told to end
 */
export async function withServer(command, { cwd, env, within = 60, at }, visit) {
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  });
  let state = "running";
  ended.then((how) => state = how);
  // When nobody holds its output any more: a shell may end before the server that it has started.
  const gone = once(child, "close").then(() => true, () => true);
  const told = new Promise((resolve) => {
    const read = (chunk) => {
      output += chunk;
      const url = at === undefined && ADDRESS.exec(output)?.[0];
      if (url && output.slice(output.indexOf(url) + url.length).length > 0) resolve(url);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    if (at !== undefined) listening(at, () => state === "running").then(() => resolve(at));
  });
  const give = (reason) => {
    throw new Error(`${command.join(" ")}: ${reason}\n${output.trimEnd()}`);
  };
  try {
    const url = await Promise.race([
      told,
      ended.then(() => undefined),
      sleep(within * 1000, undefined, { ref: false }),
    ]);
    if (!url) give(state === "running" ? `no address was printed within ${within} s` : state);
    const step = (run) =>
      run().catch((error) => give(error.cause ? `${error.message}: ${error.cause.message}` : error.message));
    const after = await step(() => visit(url, () => output));
    signal(child, "SIGTERM");
    if (after) await step(after);
    if (!await Promise.race([gone, sleep(10_000, false, { ref: false })])) {
      give("it was still there 10 s after SIGTERM");
    }
    return await ended;
  } finally {
    signal(child, "SIGKILL");
  }
}

/** Resolves when somebody listens at `url`; gives up when nobody is awaited there any more. */
async function listening(url, awaited) {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect(Number(port), hostname);
    const answered = await once(socket, "connect").then(() => true, () => false);
    socket.destroy();
    if (answered) return;
    if (!awaited()) return new Promise(() => {});
    await sleep(50, undefined, { ref: false });
  }
}

/** To the whole group: npm and tsx stand between us and the server. */
function signal(child, name) {
  try {
    if (child.pid) process.kill(-child.pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Reads a stream until `pattern` has come, for at most `within` seconds. */
export async function readUntil(url, pattern, within) {
  const response = await fetch(url, { signal: AbortSignal.timeout(within * 1000) });
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (pattern.test(text)) return response;
  }
  throw new Error(`${url} ended without ${pattern}; it sent ${JSON.stringify(text)}`);
}
