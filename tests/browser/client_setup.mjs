// Sets up what the client's browser tests share: the bundle, and a server that can misbehave.
import { build } from "esbuild";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The client as a page loads it. */
export async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: {
      contents:
        `export * from "./lib/client/mod.ts"; export { connectShared } from "./lib/client/shared.ts";`,
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0].text;
}

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until the condition holds, or throws with what was waited for. */
export async function until(condition, what, within = 20_000) {
  for (const end = Date.now() + within; !(await condition());) {
    if (Date.now() > end) throw new Error(`waited ${within} ms in vain for: ${what}`);
    await sleep(50);
  }
}

/** Starts a server on the loopback. `respond(request, response)` answers what is neither the page nor the bundle. */
export async function serve(code, respond, port = 0) {
  const sockets = new Set();
  const server = createServer((request, response) => {
    if (request.url === "/") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<!doctype html><link rel=icon href=data:,><title>client</title>");
    } else if (request.url === "/client.js") {
      response.writeHead(200, { "content-type": "text/javascript" });
      response.end(code);
    } else respond(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => server.on("error", reject).listen(port, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    kill() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
