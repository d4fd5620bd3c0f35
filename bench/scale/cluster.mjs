/** Starts servers that share a port, as each runtime has it: Node's `cluster`, and `reusePort` on Bun and Deno. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startServer } from "../harness/processes.mjs";
import { Remote } from "../harness/remote.mjs";

/** @returns {Promise<{ servers: Remote[], port: number, stop(): Promise<void> }>} */
export async function startSharing({ kind, command }, count, options) {
  const { remotes, stop } = kind === "node"
    ? await startCluster(command, count)
    : startEach(kind === "deno" ? withUnstable(command) : command, count);
  let port;
  // One after the other: the first one finds the port.
  for (const remote of remotes) {
    ({ port } = await remote.ask("start", {
      ...options,
      file: "tidings_shared",
      port: kind === "node" ? 0 : port,
    }));
  }
  return { servers: remotes, port, stop };
}

function startEach(command, count) {
  const all = Array.from({ length: count }, () => startServer(command));
  return { remotes: all.map(({ remote }) => remote), stop: () => Promise.all(all.map(({ stop }) => stop())) };
}

async function startCluster([program, ...options], count) {
  const main = fileURLToPath(new URL("primary.mjs", import.meta.url));
  const child = spawn(program, [...options, main, String(count)], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, "line");
  const remotes = JSON.parse(first).pids.map((pid, to) =>
    new Remote(`worker ${to}`, (message) => child.stdin.write(`${JSON.stringify({ to, message })}\n`), pid)
  );
  lines.on("line", (line) => {
    const { from, answer } = JSON.parse(line);
    remotes[from].settle(answer);
  });
  const gone = once(child, "exit");
  child.once("exit", (code) => remotes.forEach((remote) => remote.end(`code ${code}`)));
  return {
    remotes,
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}

/** Deno's `reusePort` is behind a flag. */
const withUnstable = ([program, run, ...options]) => [program, run, "--unstable-net", ...options];
