/** Does one run: a fresh server, a fresh load process, one contender, one scenario. */
import { shareOneCore } from "./core.mjs";
import { startEngine } from "./engines.mjs";
import { startLoad, startProgram, startServer } from "./processes.mjs";

const BYTES = 150;

/**
 * @param {object} options
 * @param {string[]} options.command the runtime's
 * @param {string[]} [options.program] what runs in its place, for a contender that is no file for a runtime
 * @param {object} [options.size] other sizes than the scenario has itself
 * @returns {Promise<{ figures: Record<string, number>, faults: number, fault?: string }>}
 */
export async function runOnce({ scenario, contender, command, program, quick, size: given }) {
  const size = given ?? (quick ? scenario.sizes.quick : scenario.sizes.full);
  if (scenario.parses || scenario.receives) return scenario.run({ command, contender }, size);
  const results = [];
  for (const variant of scenario.variants ?? [{}]) {
    results.push(
      await withProcesses(
        { command, program },
        { ...scenario, ...contender },
        async ({ servers, load, engine }) => {
          const { file, gathers, packs, direct, requests, skips, clients } = contender;
          const start = {
            ...{ file, gathers, packs, direct, requests, skips, engine, bytes: BYTES, history: 0 },
            ...scenario.server,
          };
          const [server, receiver = server] = servers;
          const started = await Promise.all(servers.map((each) => each.ask("start", start)));
          const { port } = started.at(-1);
          return scenario.run({ server, receiver, load, port, kind: clients, contender }, {
            ...size,
            ...variant,
          });
        },
      ),
    );
  }
  return {
    figures: scenario.combine?.(results) ?? results[0].figures,
    faults: results.reduce((sum, { faults }) => sum + faults, 0),
    fault: results.find(({ fault }) => fault)?.fault,
  };
}

async function withProcesses({ command, program }, { nodes = 1, engine: name, oneCore }, work) {
  const engine = name && await startEngine(name);
  const servers = Array.from(
    { length: nodes },
    () => program === undefined ? startServer(command) : startProgram(program),
  );
  const load = startLoad();
  if (oneCore) shareOneCore([...servers, load].map(({ remote }) => remote.pid));
  try {
    return await work({
      servers: servers.map(({ remote }) => remote),
      load: load.remote,
      engine: engine && { name, address: engine.address },
    });
  } finally {
    await Promise.all([load.stop(), ...servers.map((server) => server.stop())]);
    await engine?.stop();
  }
}
