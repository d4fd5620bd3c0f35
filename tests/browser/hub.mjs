// Runs `tidings hub` by its sources, for the tests of its pages.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const SECRET = "0123456789abcdef0123456789abcdef";

/** Starts a hub on a free port. */
export async function startHub(args, env = {}) {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "lib/cli/mod.ts", "hub", "--memory", "--port", "0", ...args],
    {
      cwd: root,
      env: { ...process.env, HOST: "127.0.0.1", TIDINGS_JWT_SECRET: SECRET, ...env },
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const gone = once(child, "exit");
  let text = "";
  const url = await new Promise((resolve, reject) => {
    gone.then(() => reject(new Error(text)));
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /tidings hub at (http:\/\/[^\s/]+)/.exec(text);
      if (found) resolve(found[1]);
    });
  });
  return {
    url,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
