// Loaded into each process in which Node runs a file of tests: one that is there for too long says what keeps it alive.

// Longer than any file takes, and shorter than the runner waits. To see it: TIDINGS_TOO_LONG=3000, in milliseconds.
const TOO_LONG = Number(process.env.TIDINGS_TOO_LONG ?? 600_000);

setTimeout(() => {
  const kinds = new Map();
  for (const kind of process.getActiveResourcesInfo()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const lines = [...kinds].map(([kind, count]) => `${count} × ${kind}`);
  // Not documented, and the only way to know which sockets and which processes.
  for (const handle of process._getActiveHandles?.() ?? []) lines.push(describe(handle));
  console.error(`Still open in ${process.argv.slice(1).join(" ")}:\n  ${lines.join("\n  ")}`);
}, TOO_LONG).unref();

function describe(handle) {
  const { localPort, remotePort, connecting, destroyed, spawnargs, pid } = handle;
  const events = handle.eventNames?.().map((name) => `${String(name)} ${handle.listenerCount(name)}`);
  const facts = { localPort, remotePort, connecting, destroyed, pid, program: spawnargs?.join(" "), events };
  return `${handle.constructor?.name}: ${JSON.stringify(facts)}`;
}
