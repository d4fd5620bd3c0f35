/** Runs a server process that visitors may kill and start again. */

import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import process from "node:process";
import type { Outages } from "./outages.ts";

/** How a process is made. */
export interface ChildOptions {
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
  /** Where it listens when it is ready. */
  readonly port: number;
  /** Is told when it goes and when it is back. */
  readonly outages?: Outages;
  /** What tells it to end in good order. Default: SIGTERM. */
  readonly ending?: NodeJS.Signals;
  /** Whether it may give up at first when it starts, and is then started again, while what was before it goes. Default: no. */
  readonly restless?: boolean;
  /** Whether it writes more than anybody wants to read: told only if it does not start. Default: no. */
  readonly chatty?: boolean;
}

export type ChildState = "down" | "starting" | "up" | "ending";

// How long a start or an end may take, in milliseconds.
const PATIENCE = 20_000;

export class Child {
  readonly name: string;
  state: ChildState = "down";
  readonly #options: ChildOptions;
  #process: ChildProcess | undefined;
  #said = "";
  /** What is under way: visitors may all want something at once. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(name: string, options: ChildOptions) {
    this.name = name;
    this.#options = options;
  }

  /** Starts it if it is not there, and waits until it listens. */
  start(): Promise<void> {
    return this.#inTurn(() => this.#start());
  }

  /** Ends it if it is there, and waits until it has ended. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    return this.#inTurn(() => this.#end(signal));
  }

  async #start(): Promise<void> {
    if (this.#process !== undefined) return;
    this.#said = "";
    let child = this.#spawn();
    const deadline = Date.now() + PATIENCE;
    while (!await listens(this.#options.port) || this.#process === undefined) {
      if (this.#process === undefined) {
        if (this.#options.restless !== true || Date.now() > deadline) {
          throw new Error(`${this.name} ended:\n${this.#said}`);
        }
        child = this.#spawn();
      }
      if (Date.now() > deadline) {
        await this.#end("SIGKILL");
        throw new Error(`${this.name} does not start:\n${this.#said}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    this.state = "up";
    this.#options.outages?.up(this.name);
    console.log(`cluster: ${this.name} is up, process ${child.pid}`);
  }

  #spawn(): ChildProcess {
    const [program, ...options] = this.#options.command;
    const child = spawn(program!, options, {
      // A node whose standard input ends does so too: none is left behind.
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...this.#options.env },
    });
    this.#process = child;
    this.state = "starting";
    const gone = () => {
      if (this.#process !== child) return;
      if (this.state === "up") this.#options.outages?.down(this.name, "died");
      this.#process = undefined;
      this.state = "down";
    };
    child.once("error", gone);
    child.once("exit", gone);
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (chunk: unknown) => {
        if (this.state === "starting") this.#said += String(chunk);
        else if (stream === child.stderr && this.#options.chatty !== true) {
          console.error(`cluster: ${this.name}: ${String(chunk).trimEnd()}`);
        }
      });
    }
    child.stdin!.on("error", () => {});
    return child;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    if (this.state === "up") {
      this.#options.outages?.down(this.name, signal === "SIGKILL" ? "killed" : "restarted");
    }
    this.state = "ending";
    const gone = new Promise((resolve) => child.once("exit", resolve));
    // Not child.kill(): on Deno that works once only.
    process.kill(child.pid!, signal === "SIGKILL" ? signal : this.#options.ending ?? signal);
    const timer = setTimeout(() => process.kill(child.pid!, "SIGKILL"), PATIENCE);
    await gone;
    clearTimeout(timer);
    console.log(`cluster: ${this.name} was ended by ${signal}`);
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#work.then(step);
    this.#work = result.catch(() => {});
    return result;
  }
}

/** Whether somebody listens on the port. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
