/**
 * Reads settings anew while a command runs: on SIGHUP, and when one of their files has changed.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import process from "node:process";
import { errorText } from "../../base/errors.ts";
import type { OperationLog } from "./log.ts";

// How often files are looked at, in milliseconds. Not by events of the file system: a container's secrets are links that are
// turned to another folder, of which those tell nothing.
const INTERVAL = 2_000;

export class Reloading {
  readonly #files: readonly string[];
  readonly #reload: () => Promise<void>;
  readonly #log: OperationLog;
  /** Whoever is to be read next waits for the one before. */
  #running: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #seen: string | undefined;
  #isOver = false;

  /** @param reload Reads the settings and puts them to use; if it throws, all stays as it is. */
  constructor(
    files: readonly string[],
    reload: () => Promise<void>,
    log: OperationLog,
  ) {
    this.#files = files;
    this.#reload = reload;
    this.#log = log;
  }

  async start(): Promise<void> {
    // At a terminal it means that the terminal is gone: there it keeps its meaning.
    if (process.platform !== "win32" && !process.stdout.isTTY) {
      process.on("SIGHUP", this.#onSignal);
    }
    if (this.#files.length === 0) return;
    this.#seen = await this.#look();
    this.#wait();
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    process.off("SIGHUP", this.#onSignal);
  }

  readonly #onSignal = (): void => this.#enter("SIGHUP");

  #wait(): void {
    this.#timer = setTimeout(async () => {
      const now = await this.#look();
      if (now !== this.#seen) {
        this.#seen = now;
        this.#enter("a file has changed");
      }
      if (!this.#isOver) this.#wait();
    }, INTERVAL);
  }

  /** What the files are, as a text that another content changes. */
  async #look(): Promise<string> {
    const files = this.#files.map(async (file) => {
      try {
        const { mtimeMs, ino, size } = await stat(file);
        return `${mtimeMs} ${ino} ${size}`;
      } catch {
        return "none";
      }
    });
    return (await Promise.all(files)).join("\n");
  }

  #enter(why: string): void {
    this.#running = this.#running.then(async () => {
      if (this.#isOver) return;
      try {
        await this.#reload();
      } catch (error) {
        const message = `The settings, read anew (${why}), are of no use, and all stays as it is: ${
          errorText(error)
        }`;
        this.#log.warn("reload-failed", message, { why });
      }
    });
  }
}
