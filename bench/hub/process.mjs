/** Starts the command `tidings hub`, from what the package is built of, and makes a token for it. */
import { createHmac } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../dist/lib/cli.js", import.meta.url));
const SECRET = "a secret of the bench, of more than 32 bytes";
const ADDRESS = "https://hub.example/.well-known/mercure";

/** A token that may publish everything, for an hour. */
export function token() {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    iss: "https://hub.example",
    aud: ADDRESS,
    sub: "bench",
    client_id: "bench",
    jti: "bench",
    iat: Math.floor(Date.now() / 1_000),
    exp: Math.floor(Date.now() / 1_000) + 3_600,
    authorization_details: [{
      type: "https://mercure.rocks/authorization-detail",
      actions: ["publish", "subscribe"],
      topics: [{ match: "*" }],
    }],
  };
  const signed = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

/** @param {string[]} command the runtime and its options */
export async function startHub([program, ...options], args) {
  const child = spawn(program, [...options, CLI, "hub", "--port", "0", "--anonymous", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ...{ HOST: "127.0.0.1", TIDINGS_LOG: "text", TIDINGS_JWT_SECRET: SECRET, TIDINGS_URL: ADDRESS },
    },
  });
  const gone = once(child, "exit");
  let said = "";
  const port = await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const found = /tidings hub at http:\/\/[^\s/]+:(\d+)/.exec(said);
      if (found) resolve(Number(found[1]));
    });
    gone.then(() => reject(new Error(`The hub ended: ${said}`)));
  });
  return {
    pid: child.pid,
    port,
    async stop() {
      child.kill("SIGKILL");
      await gone.catch(() => {});
    },
  };
}
