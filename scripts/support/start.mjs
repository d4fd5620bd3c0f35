// Starts the server that the README begins with, and opens its page and both of its streams.
import { createServer } from "node:net";
import { readUntil, withServer } from "./server.mjs";

/** A port that is free now. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Sees an event of each stream that the page opens, and ends the server in good order. */
export async function visitStart(command, cwd, env) {
  const how = await withServer(command, { cwd, env }, async (url) => {
    const page = await (await fetch(url)).text();
    for (const stream of ["/prices", "/answer"]) {
      if (!page.includes(`new EventSource("${stream}")`)) throw new Error(`The page does not open ${stream}`);
    }
    await readUntil(new URL("/prices", url), /^event: price\n(?:id: .*\n)?data: \{"symbol":"ACME"/m, 20);
    await readUntil(new URL("/answer", url), /(?:^data: .+\n\n){5}event: tidings-end\n/m, 20);
  });
  if (how !== "it ended with exit code 0") throw new Error(`Asked to end, ${how}`);
}
