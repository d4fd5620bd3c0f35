/**
 * The primary of Node's `cluster`: starts servers that share a port, passes what it is told on to one of them, and their
 * answers back, each marked with whose it is.
 *
 *     primary.mjs <how many>
 */
import cluster from "node:cluster";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

cluster.setupPrimary({
  exec: fileURLToPath(new URL("../server/main.mjs", import.meta.url)),
  stdio: ["pipe", "pipe", "inherit", "ipc"],
});
const workers = Array.from({ length: Number(process.argv[2]) }, (_, from) => {
  const { process: child } = cluster.fork();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith('{"answers":')) console.log(JSON.stringify({ from, answer: JSON.parse(line) }));
  });
  child.once("exit", () => process.exit());
  return { child, pid: child.pid };
});
console.log(JSON.stringify({ pids: workers.map(({ pid }) => pid) }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const { to, message } = JSON.parse(line);
  workers[to].child.stdin.write(`${JSON.stringify(message)}\n`);
}).on("close", () => {
  for (const { child } of workers) child.kill("SIGKILL");
  process.exit();
});
