/**
 * Writes down what a running command does, for its operator: one line an event, as JSON or as text.
 *
 * @module
 */

import { errorText } from "../../base/errors.ts";
import { type Clock, systemClock } from "../../base/clock.ts";

export type LogFormat = "json" | "text";

/** What a line of JSON says beside its message. */
export type Fields = Readonly<Record<string, unknown>>;

type Level = "info" | "warn" | "error";

// Lines a second of one event: whoever sends bad requests must not fill a disk.
const MOST_A_SECOND = 20;
const SECOND = 1_000;

// What looks like a JWT, or its beginning. None is ever given to the log; but a client may have put one into a field.
const TOKEN = /\beyJ[\w-]{8,}(\.[\w-]*)*/g;
const UNPRINTABLE = /[\p{Cc}\p{Cf}]/gu;
const REMOVED = "[removed]";

/** The lines of one event in the running second, and how many were left out. */
interface Count {
  second: number;
  lines: number;
  left: number;
}

export class OperationLog {
  readonly #format: LogFormat;
  readonly #secrets = new Set<string>();
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  /** @param secrets Texts that are written nowhere, whatever an error may say. */
  constructor(
    format: LogFormat,
    secrets: readonly (string | undefined)[] = [],
    clock: Clock = systemClock,
  ) {
    this.#format = format;
    this.#clock = clock;
    this.hide(...secrets);
  }

  /** Adds texts that are written nowhere from now on. */
  hide(...secrets: readonly (string | undefined)[]): void {
    for (const secret of secrets) if (secret) this.#secrets.add(secret);
  }

  /** @param event What happened, as a name to filter by. @param message The same for a person, in one line. */
  info(event: string, message: string, fields?: Fields): void {
    this.#write("info", event, message, fields);
  }

  warn(event: string, message: string, fields?: Fields): void {
    this.#write("warn", event, message, fields);
  }

  /** @param error Its message, code, causes and, where it has no code, its stack go along. */
  error(event: string, message: string, error: unknown, fields?: Fields): void {
    this.#write("error", event, `${message}: ${errorText(error)}`, { ...fields, ...fieldsOf(error) });
  }

  #write(level: Level, event: string, message: string, fields: Fields = {}): void {
    const left = this.#admit(event);
    if (left === undefined) return;
    const print = level === "info" ? console.log : console.error;
    if (this.#format === "text") {
      const more = left === 0 ? "" : ` (and ${left} more before it)`;
      const stack = fields["stack"] === undefined ? "" : `\n${fields["stack"]}`;
      return print(this.#clean(`${message.replace(UNPRINTABLE, escape)}${more}${stack}`));
    }
    const time = new Date(this.#clock.now()).toISOString();
    const line = { time, level, event, message, ...fields, ...(left === 0 ? {} : { left_out: left }) };
    // Cleaned before it is JSON, in which a secret may be spelled otherwise.
    print(JSON.stringify(line, (_, value) => typeof value === "string" ? this.#clean(value) : value));
  }

  /** How many lines of this event were left out before this one; `undefined` if this one is left out too. */
  #admit(event: string): number | undefined {
    const second = Math.floor(this.#clock.now() / SECOND);
    let count = this.#counts.get(event);
    if (count === undefined) this.#counts.set(event, count = { second, lines: 0, left: 0 });
    if (count.second !== second) Object.assign(count, { second, lines: 0 });
    if (count.lines === MOST_A_SECOND) {
      count.left++;
      return undefined;
    }
    count.lines++;
    const { left } = count;
    count.left = 0;
    return left;
  }

  #clean(text: string): string {
    for (const secret of this.#secrets) text = text.replaceAll(secret, REMOVED);
    return text.replace(TOKEN, REMOVED);
  }
}

function fieldsOf(error: unknown): Fields {
  if (!(error instanceof Error)) return {};
  const { code } = error as { code?: unknown };
  const causes: string[] = [];
  for (let cause = error.cause; cause !== undefined && causes.length < 5; cause = (cause as Error)?.cause) {
    causes.push(errorText(cause));
  }
  return {
    ...(typeof code === "string" ? { code } : { stack: error.stack }),
    ...(causes.length === 0 ? {} : { causes }),
  };
}

function escape(character: string): string {
  return `\\u${character.codePointAt(0)!.toString(16).padStart(4, "0")}`;
}
