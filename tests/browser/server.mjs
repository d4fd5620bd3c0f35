// Runs an example as a process of its own, on any of the three runtimes, and can kill it as a crash would.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const local = (command) => fileURLToPath(new URL(`../../node_modules/.bin/${command}`, import.meta.url));

const commandLines = {
  node: [process.execPath, "--import", "tsx"],
  bun: [local("bun"), "run"],
  deno: [local("deno"), "run", "-A"],
};

export const runtimeNames = Object.keys(commandLines);

/** What this process started and has not ended yet. */
const running = new Set();
process.once("exit", () => running.forEach((child) => killGroup(child)));
// Without a listener these end the process with no `exit` event, and what it started would outlive it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));

/** Starts the program on a free port; resolves when it has printed its URL. */
export async function startServer(runtime, options = {}) {
  const port = await freePort();
  let run = await start(runtime, { ...options, port });
  const { url } = run;
  return {
    url,
    port,
    /** Ends it by SIGKILL, as a crash does: no client is told. */
    kill: () => run.end("SIGKILL"),
    /** Ends it by SIGTERM, as a deploy does. */
    end: () => run.end("SIGTERM"),
    /** Starts it again, on the same port. */
    restart: async () => {
      run = await start(runtime, { ...options, port });
    },
    /** All that it has printed since it was started last. */
    output: () => run.output(),
    stats: async () => (await fetch(`${url}/stats`)).json(),
    publish: async (text) => {
      const response = await fetch(`${url}/broadcast`, { method: "POST", body: text });
      if (!response.ok) throw new Error(`POST /broadcast answered ${response.status}`);
      await response.arrayBuffer();
    },
  };
}

/** The same, for the time of a test. */
export async function serverFor(t, runtime, options) {
  const server = await startServer(runtime, options);
  t.after(server.kill);
  return server;
}

async function start(runtime, { port, program = "examples/server.ts", env = {} }) {
  const [command, ...options] = commandLines[runtime];
  const child = spawn(command, [...options, program], {
    cwd: root,
    env: { ...process.env, PORT: String(port), HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own: npm's `deno` is a script that starts the real one, and killing the script alone orphans it.
    detached: true,
  });
  running.add(child);
  const exited = once(child, "exit").then(() => running.delete(child));
  let output = "";
  const url = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      const found = /http:\/\/\S+/.exec(output);
      if (found) resolve(found[0].replace(/\/$/, ""));
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", (chunk) => output += chunk);
    child.once("error", reject);
    child.once(
      "exit",
      (code) => reject(new Error(`The server on ${runtime} ended with ${code}:\n${output}`)),
    );
  });
  return {
    url,
    output: () => output,
    end: async (signal) => {
      killGroup(child, signal);
      await exited;
    },
  };
}

/** A port that is free now, and stays so while nobody listens: see examples/cluster/parts/free_port.ts. */
export async function freePort() {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 12_000), "127.0.0.1");
    const { port } = await once(server, "listening").then(() => server.address(), () => ({}));
    if (port === undefined) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

/** Answers everything on `port` with 503, as a proxy does while the server behind it is being replaced. */
export async function startUnavailable(port) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url, lastEventId: request.headers["last-event-id"] });
    response.writeHead(503).end();
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    /** The paths that were asked for, and where to go on. */
    asked,
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function killGroup(child, signal = "SIGKILL") {
  try {
    process.kill(-child.pid, signal);
  } catch { /* it has ended by itself */ }
}
