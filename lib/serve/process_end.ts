/**
 * Ends the process in good order when the operating system asks for it.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { callHook } from "../base/errors.ts";
import { wrongOption } from "../base/options.ts";

/** A signal that asks a process to end, by Node's name. */
export type EndSignal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGQUIT" | "SIGBREAK";

/** Their numbers: 128 and the number is the exit code of a process that was ended by one. */
const NUMBERS: Readonly<Record<EndSignal, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGTERM: 15,
  SIGBREAK: 21,
};

/** What Ctrl-C sends, and what containers and service managers do. */
const USUAL: readonly EndSignal[] = ["SIGINT", "SIGTERM"];

/**
 * Ctrl-C reaches every process of a terminal, and npm passes it on to its child all the same: what comes within so many
 * milliseconds is the first signal still.
 */
const ECHO = 500;

/** The part of the global `process` that is used here. Node, Bun and Deno have it. */
interface Process {
  on(name: string, listener: (name: EndSignal) => void): unknown;
  off(name: string, listener: (name: EndSignal) => void): unknown;
  exit(code: number): void;
}

/** Checks the option `signals`. */
export function signalsOption(value: boolean | readonly EndSignal[] | undefined): readonly EndSignal[] {
  if (value === undefined || value === false) return [];
  if (value === true) return USUAL;
  const wrong = Array.isArray(value) ? value.find((name) => !Object.hasOwn(NUMBERS, name)) : value;
  if (Array.isArray(value) && wrong === undefined) return value;
  throw wrongOption("signals", `true, or a list of ${Object.keys(NUMBERS).join(", ")}`, wrong);
}

/** What has to be closed before the process ends. */
export interface Closing {
  readonly signals: readonly EndSignal[];
  readonly clock: Clock;
  /** Told of the first signal; where nobody is, a line is printed. */
  readonly onSignal: ((name: EndSignal) => void) | undefined;
  /** Resolves when it is closed, and says whether all went well. Never rejects. */
  close(): Promise<boolean>;
}

/** The end of this process, which comes once, however many servers it has: when the last of them has closed. */
class ProcessEnd {
  readonly #closings = new Set<Closing>();
  readonly #listening = new Set<EndSignal>();
  #begun: { at: number; clock: Clock } | undefined;

  add(closing: Closing): void {
    this.#closings.add(closing);
    this.#listen();
  }

  delete(closing: Closing): void {
    this.#closings.delete(closing);
    this.#listen();
  }

  /** Listens to the signals that somebody waits for, and to no other: these keep the meaning that the runtime gives them. */
  #listen(): void {
    const { process } = globalThis as unknown as { process: Process };
    const wanted = new Set([...this.#closings].flatMap(({ signals }) => signals));
    for (const name of wanted) {
      if (!this.#listening.has(name)) process.on(name, this.#onSignal);
      this.#listening.add(name);
    }
    // A second signal is waited for to the very end.
    if (this.#begun !== undefined) return;
    for (const name of this.#listening) {
      if (wanted.has(name)) continue;
      process.off(name, this.#onSignal);
      this.#listening.delete(name);
    }
  }

  readonly #onSignal = (name: EndSignal): void => {
    const { process } = globalThis as unknown as { process: Process };
    const closings = [...this.#closings];
    if (this.#begun !== undefined) {
      const { at, clock } = this.#begun;
      // Not left to the runtime: no signal ends the first process of a container that does not say so itself.
      if (clock.now() - at > ECHO) process.exit(128 + NUMBERS[name]);
      return;
    }
    const { clock } = closings[0]!;
    this.#begun = { at: clock.now(), clock };
    const told = closings.flatMap(({ onSignal }) => onSignal ?? []);
    for (const onSignal of told) callHook("onSignal", () => onSignal(name));
    if (told.length === 0) console.log(`${name}: closing. Once more ends it at once.`);
    void Promise.all(closings.map((closing) => closing.close())).then((went) =>
      process.exit(went.includes(false) ? 1 : 0)
    );
  };
}

export const processEnd: Pick<ProcessEnd, "add" | "delete"> = new ProcessEnd();
