// Starts the servers of a run, each on its runtime, and starts them once more when they were killed or drained.
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { command } from "../harness/runtimes.mjs";
import { until } from "./wait.mjs";

const file = fileURLToPath(new URL("./node.mjs", import.meta.url));
const folder = fileURLToPath(new URL("..", import.meta.url));

/** One of the servers. Each start of it is a publisher of its own, which counts from 0. */
export class Node {
  /** Where it listens; none while it does not run. */
  port;
  errors = 0;
  lastError = "";
  refused = 0;
  #kind;
  #command;
  #url;
  #rate;
  #account;
  #child;
  #source;
  #starts = 0;
  #isExpected = false;
  #fail;
  #stopped = false;
  /** The number of the last event of each start that was acknowledged. */
  latest = new Map();

  /** @param {{ kind: string, path: string, url: string, rate: number, account: object, fail(error: Error): void }} options */
  constructor({ kind, path, url, rate, account, fail }) {
    this.#kind = kind;
    this.#command = command(kind, path);
    this.#url = url;
    this.#rate = rate;
    this.#account = account;
    this.#fail = fail;
  }

  get kind() {
    return this.#kind;
  }

  async start() {
    const source = this.#source = `${this.#kind}${this.#starts++}`;
    this.#account.publisher(source, this.#kind);
    this.#isExpected = false;
    const [program, ...options] = this.#command;
    const child = this.#child = spawn(program, [...options, file, this.#url, source, `${this.#rate}`], {
      cwd: folder,
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    child.stdin.on("error", () => {});
    let said = "";
    child.stderr.on("data", (chunk) => said = (said + chunk).slice(-2_000));
    createInterface({ input: child.stdout }).on("line", (line) => this.#hear(source, line.split(" ")));
    child.on("close", (code, signal) => {
      this.port = undefined;
      if (this.#isExpected) return;
      this.#fail(new Error(`${source} ended by itself, ${signal ?? `code ${code}`}: ${said}`));
    });
    await until(() => this.port !== undefined, `${source} listens`);
  }

  /** kill -9. */
  async kill() {
    await this.#end("SIGKILL");
  }

  /** Asks it to end in good order. */
  async drain() {
    const [code, signal] = await this.#end("SIGTERM");
    if (code !== 0) throw new Error(`${this.#source} was asked to end, and ended with ${signal ?? code}`);
  }

  async isWell() {
    if (this.port === undefined) return false;
    const options = { signal: AbortSignal.timeout(2_000) };
    const answer = await fetch(`http://127.0.0.1:${this.port}/health`, options).catch(() => undefined);
    return answer?.status === 200;
  }

  /** Publishes no more, and waits until the last event is acknowledged. */
  async stopPublishing() {
    this.#child.stdin.write("stop\n");
    await until(() => this.#stopped, `${this.#source} is through`);
    return { source: this.#source, number: this.latest.get(this.#source) };
  }

  /** At the end of the whole process, however it comes. */
  destroy() {
    this.#isExpected = true;
    this.#child?.kill("SIGKILL");
  }

  async #end(how) {
    this.#isExpected = true;
    const child = this.#child;
    const gone = once(child, "close");
    // Clients are not sent there any more, as a proxy would see to.
    this.port = undefined;
    child.kill(how);
    let timer;
    const late = new Promise((_, reject) =>
      timer = setTimeout(
        () => reject(new Error(`${this.#source} did not end within 30 s of ${how}`)),
        30_000,
      )
    );
    try {
      return await Promise.race([gone, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(source, [word, ...rest]) {
    // Not all of a line: it was killed in the middle. Or the line is not ours.
    if (rest.pop() !== ".") return;
    switch (word) {
      case "port":
        this.port = Number(rest[0]);
        break;
      case "acknowledged":
        this.#account.acknowledged(source, Number(rest[0]), rest[1]);
        this.latest.set(source, Math.max(this.latest.get(source) ?? -1, Number(rest[0])));
        break;
      case "refused":
        this.refused++;
        break;
      case "error":
        this.errors++;
        this.lastError = rest.join(" ");
        break;
      case "stopped":
        this.#stopped = true;
    }
  }
}
