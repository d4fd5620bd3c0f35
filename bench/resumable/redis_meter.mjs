// Meters a Redis: the commands that clients sent, all that were run, the CPU time and the memory.
import { createClient } from "redis";

/** What the clients of a store send that works by scripts. All else is called within the scripts, whatever that is by now. */
const SENT_BESIDE_SCRIPTS = /^(eval|evalsha|ping|subscribe|unsubscribe)$/;
/** What the bench itself asks for. */
const OWN = /^(info|client\|.*|hello|memory\|.*|config\|.*|select|auth)$/;

export class RedisMeter {
  #client;

  static async open(url) {
    const meter = new RedisMeter();
    meter.#client = await createClient({ url }).connect();
    return meter;
  }

  /** What it has done so far. */
  async read() {
    const cpu = fields(await this.#client.info("cpu"));
    const memory = fields(await this.#client.info("memory"));
    const calls = Object.entries(fields(await this.#client.info("commandstats")))
      .map(([name, value]) => [name.replace("cmdstat_", ""), Number(/calls=(\d+)/.exec(value)[1])])
      .filter(([name]) => !OWN.test(name));
    const scripts = calls.some(([name]) => name === "evalsha");
    const sum = (all) => all.reduce((total, [, count]) => total + count, 0);
    const sent = calls.filter(([name]) => !scripts || SENT_BESIDE_SCRIPTS.test(name));
    return {
      sent: sum(sent),
      run: sum(calls),
      cpu: (Number(cpu.used_cpu_user) + Number(cpu.used_cpu_sys)) * 1e6,
      memory: Number(memory.used_memory),
    };
  }

  close() {
    this.#client.destroy();
  }
}

const fields = (info) =>
  Object.fromEntries(
    info.split("\r\n").filter((line) => line.includes(":")).map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
