/** One run: a fresh server, a fresh load process, one contender, one scenario. */
import { startLoad, startServer } from "./processes.mjs";

const BYTES = 150;

/** @returns {Promise<{ figures: Record<string, number>, faults: number, fault?: string }>} */
export async function runOnce({ scenario, contender, command, quick }) {
  const size = quick ? scenario.sizes.quick : scenario.sizes.full;
  if (scenario.parses) return scenario.run({ command, file: contender.file }, size);
  const results = [];
  for (const variant of scenario.variants ?? [{}]) {
    results.push(
      await withProcesses(command, async ({ server, load }) => {
        const { file, gathers, packs } = contender;
        const { port } = await server.ask("start", {
          ...{ file, gathers, packs, bytes: BYTES, history: 0 },
          ...scenario.server,
        });
        return scenario.run({ server, load, port }, { ...size, ...variant });
      }),
    );
  }
  return {
    figures: scenario.combine?.(results) ?? results[0].figures,
    faults: results.reduce((sum, { faults }) => sum + faults, 0),
    fault: results.find(({ fault }) => fault)?.fault,
  };
}

async function withProcesses(command, work) {
  const server = startServer(command);
  const load = startLoad();
  try {
    return await work({ server: server.remote, load: load.remote });
  } finally {
    await Promise.all([load.stop(), server.stop()]);
  }
}
