/** Meters the server's own process: CPU time, memory, calls of TextEncoder. */
import process from "node:process";

let encodings;

/** What the process has used so far: CPU time of all its threads, in microseconds, and memory, in bytes. */
export async function meter(running, { collect }) {
  if (collect) await collectGarbage();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    cpu: user + system,
    rss,
    live: heapUsed + external,
    clients: running.size(),
    lagging: running.lagging?.(),
    encodings,
  };
}

/**
 * More than once, since what a finaliser lets go of is only found the next time. And both ways: on Node 20 the second leaves
 * garbage lying.
 */
async function collectGarbage() {
  for (let i = 0; i < 3; i++) {
    globalThis.Bun?.gc(true);
    globalThis.gc?.();
    // "last-resort": memory that was only needed to connect is given back to the system, too.
    globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * From now on counts how often text is encoded by `TextEncoder`. Node's `write` of a string does that by itself, and is not
 * seen. Only where it is asked for, since it costs something.
 */
export function countEncodings() {
  encodings = 0;
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text) {
    encodings++;
    return encode.call(this, text);
  };
}
