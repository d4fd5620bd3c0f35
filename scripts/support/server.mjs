// Starts a server that prints its address, as a person would who opens the page next.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

const ADDRESS = /https?:\/\/\S+?:\d+\S*/;

/**
 * @param {string[]} command the server's command; it has to print its URL
 * @param {(url: string) => Promise<void>} visit what to do with it once it is up
 */
export async function withServer(command, { cwd, env, within = 60 }, visit) {
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
  const told = new Promise((resolve) => {
    const read = (chunk) => {
      output += chunk;
      const url = ADDRESS.exec(output)?.[0];
      if (url && output.slice(output.indexOf(url) + url.length).length > 0) resolve(url);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
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
    try {
      await visit(url);
    } catch (error) {
      give(error.cause ? `${error.message}: ${error.cause.message}` : error.message);
    }
    signal(child, "SIGTERM");
    const how = await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
    if (!how) give("it was still there 10 s after SIGTERM");
    return how;
  } finally {
    signal(child, "SIGKILL");
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
