import process from "node:process";

const encodings = countEncodings();

/** What the process has used so far: CPU time of all its threads, in microseconds, and memory, in bytes. */
export async function meter(running, { collect }) {
  if (collect) await collectGarbage();
  const { user, system } = process.cpuUsage();
  return {
    cpu: user + system,
    rss: process.memoryUsage().rss,
    clients: running.size(),
    encodings: encodings.count,
  };
}

/** More than once, since what a finaliser lets go of is only found the next time. */
async function collectGarbage() {
  for (let i = 0; i < 3; i++) {
    if ("Bun" in globalThis) globalThis.Bun.gc(true);
    else globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How often text was encoded by `TextEncoder`. (Node's `write` of a string does it by itself, and is not seen.) */
function countEncodings() {
  const counter = { count: 0 };
  const { encode } = TextEncoder.prototype;
  TextEncoder.prototype.encode = function (text) {
    counter.count++;
    return encode.call(this, text);
  };
  return counter;
}
