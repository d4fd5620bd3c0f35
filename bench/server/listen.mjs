// Starts a server where a contender brings none, as each runtime's documentation shows.
export const isNode = !("Bun" in globalThis) && !("Deno" in globalThis);

const HOSTNAME = "127.0.0.1";

/** With `Bun.serve` or `Deno.serve`. */
export function listenFetch(fetch) {
  if ("Bun" in globalThis) {
    // The time-out would end a quiet stream.
    return globalThis.Bun.serve({ fetch, port: 0, hostname: HOSTNAME, idleTimeout: 0 }).port;
  }
  const server = globalThis.Deno.serve({ port: 0, hostname: HOSTNAME, onListen() {} }, fetch);
  return server.addr.port;
}

/** With `node:http`. */
export async function listenNode(listener) {
  const { createServer } = await import("node:http");
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, HOSTNAME, resolve));
  return server.address().port;
}

/** The topic that a client asks for. */
export function topicOf(url) {
  return new URL(url, "http://localhost").searchParams.get("topic") ?? undefined;
}
