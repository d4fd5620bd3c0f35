/**
 * Starts the processes that share an SQLite file, kills them, and has one ready in the place of each that is killed.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { MemberCommand, MemberWord } from "./fixtures/sqlite_member.ts";
import { runArguments, runtime } from "./runtime.ts";
import { until, within } from "./wait.ts";

const source = fileURLToPath(new URL("./fixtures/sqlite_member.ts", import.meta.url));

/** The command that starts one: on Node a bundle is made first, since to load each module through tsx takes several times as long. */
async function commandOf(): Promise<readonly string[]> {
  if (runtime !== "node") return [...runArguments, source];
  const { build } = await import("esbuild");
  // Within the tree, so that it finds the libraries.
  const folder = fileURLToPath(new URL("../../node_modules/.cache/tidings/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const outfile = `${folder}sqlite_member-${process.version}.mjs`;
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node18",
    packages: "external",
    logLevel: "silent",
  });
  return [outfile];
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process. */
export class Member {
  /** Which texts it said were acknowledged. */
  readonly acknowledged: string[] = [];
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #isGone = false;
  #port = 0;
  readonly #said = new Map<string, number>();
  #failure: string | undefined;

  constructor(command: readonly string[]) {
    const child = spawn(process.execPath, [...command], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, NODE_NO_WARNINGS: "1" },
    });
    running.add(child);
    this.#child = child;
    child.stdin!.on("error", () => {});
    createInterface({ input: child.stdout! }).on("line", (line) => this.#hear(line));
    this.#gone = new Promise((resolve) =>
      child.once("close", () => {
        running.delete(child);
        this.#isGone = true;
        resolve();
      })
    );
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** The port at which it serves. */
  get port(): number {
    return this.#port;
  }

  tell(command: MemberCommand): void {
    this.#child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** Waits until it has said this so many times, or is gone. */
  async heard(said: MemberWord["said"], times = 1): Promise<void> {
    await until(() => this.#isGone || this.has(said, times), `a process says "${said}"`);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await within(this.#gone, "a process is gone");
  }

  /** Forgets what it said, for the next plan. */
  forget(): void {
    this.acknowledged.length = 0;
    this.#said.clear();
  }

  /** Whether it has said this so many times. */
  has(said: MemberWord["said"], times = 1): boolean {
    if (this.#failure !== undefined) throw new Error(`A process failed: ${this.#failure}`);
    return said === "acknowledged" ? this.acknowledged.length >= times : (this.#said.get(said) ?? 0) >= times;
  }

  #hear(line: string): void {
    const word = JSON.parse(line) as MemberWord;
    if (word.said === "ready") this.#port = word.port;
    if (word.said === "acknowledged") this.acknowledged.push(...word.data);
    if (word.said === "failed") this.#failure ??= word.error;
    this.#said.set(word.said, (this.#said.get(word.said) ?? 0) + 1);
  }
}

/** Has processes ready, that do nothing yet. */
export class Members {
  readonly #command: readonly string[];
  readonly #ready: Member[] = [];

  private constructor(command: readonly string[]) {
    this.#command = command;
  }

  static async start(): Promise<Members> {
    return new Members(await commandOf());
  }

  /** Has at least so many ready, soon. */
  prepare(count: number): void {
    while (this.#ready.length < count) this.#ready.push(new Member(this.#command));
  }

  async take(): Promise<Member> {
    this.prepare(2);
    const member = this.#ready.shift()!;
    await until(() => member.port > 0, "a process is ready").catch(async (error) => {
      await member.kill();
      throw error;
    });
    return member;
  }

  /** Takes one back that is alive and has closed all. */
  giveBack(member: Member): void {
    member.forget();
    this.#ready.unshift(member);
  }

  async stop(): Promise<void> {
    for (const member of this.#ready.splice(0)) await member.kill();
  }
}
