// Does one run with one contender: a fresh Redis, a process that runs the streams, and one that reads them.
import { forkNode } from "../harness/processes.mjs";
import { startRedis } from "../harness/redis.mjs";
import { RedisMeter } from "./redis_meter.mjs";

const LONGEST = { limit: 120_000 };

/**
 * @param {{ contender: string, node?: string, lease?: number, profiles?: string }} options
 * @param {(parts: { producer: object, reader: object, kill(): void, meters: Meters }) => Promise<object>} work
 */
export async function withProcesses({ contender, node, lease, profiles }, work) {
  const redis = await startRedis();
  const url = `redis://127.0.0.1:${redis.port}`;
  const profile = (name) =>
    profiles === undefined
      ? []
      : ["--cpu-prof", `--cpu-prof-dir=${profiles}`, `--cpu-prof-name=${contender}-${name}.cpuprofile`];
  const [producer, reader] = ["producer", "reader"].map((name) =>
    forkNode(name, "resumable/worker.mjs", { execPath: node, execArgv: ["--expose-gc", ...profile(name)] })
  );
  const meter = await RedisMeter.open(url);
  try {
    const remotes = [producer, reader].map(({ remote }) => patient(remote));
    await Promise.all(remotes.map(({ ask }) => ask("open", { contender, url, lease })));
    await Promise.all(remotes.map(({ ask }, i) => ask("warm", { name: i, tokens: 500 })));
    const meters = new Meters(meter, ...remotes);
    return await work({ producer: remotes[0], reader: remotes[1], kill: producer.kill, meters });
  } finally {
    await Promise.all([producer.stop(), reader.stop()]);
    meter.close();
    await redis.stop();
  }
}

/** A run may take longer than a question. */
function patient(remote) {
  return { ask: (command, rest) => remote.ask(command, rest, LONGEST), tell: remote.tell.bind(remote) };
}

/** What Redis and the two processes have used. */
class Meters {
  #redis;
  #producer;
  #reader;

  constructor(redis, producer, reader) {
    this.#redis = redis;
    this.#producer = producer;
    this.#reader = reader;
  }

  /** @param {{ collect?: boolean }} [options] whether garbage is collected before, for figures of memory */
  async read({ collect = false } = {}) {
    const [redis, producer, reader] = await Promise.all([
      this.#redis.read(),
      this.#producer.ask("meter", { collect }),
      this.#reader.ask("meter", { collect }),
    ]);
    return { redis, producer, reader };
  }

  /** What is used while something is done. */
  async during(work) {
    const before = await this.read();
    await work();
    const after = await this.read();
    const used = (of, what) => after[of][what] - before[of][what];
    return {
      sent: used("redis", "sent"),
      run: used("redis", "run"),
      redis: used("redis", "cpu"),
      producer: used("producer", "cpu"),
      reader: used("reader", "cpu"),
    };
  }
}
