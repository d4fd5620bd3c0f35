/**
 * Names the subjects of a store: where the messages of each stream are kept, told and answered.
 *
 * Where they are kept is named after the JetStream stream's own incarnation too. In a stream that was deleted and made anew
 * the sequences begin at 1 once more: so nobody takes the last message of a subject there for the one that it wrote before.
 *
 * Any text becomes one token of a subject, and no two become the same: what is no letter, digit, `-` or `_` is written as
 * `=` and the four hexadecimal digits of its UTF-16 unit.
 *
 * @module
 */

export class StoreSubjects {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** What the JetStream stream takes. */
  get all(): string {
    return `${this.#prefix}.w.*.*`;
  }

  /** Where it tells what it has stored. What is published is no proof: it may have been refused. */
  get told(): string {
    return `${this.#prefix}.f.{{wildcard(1)}}.{{wildcard(2)}}`;
  }

  /** One that the JetStream stream takes and that no stream has. */
  get none(): string {
    return `${this.#prefix}.w.=.=`;
  }

  /** Where the messages of a stream are stored. */
  log(incarnation: string, id: string): string {
    return `${this.#prefix}.w.${incarnation}.${encode(id)}`;
  }

  /** Whose messages these are; `undefined` if they are of another incarnation. */
  idOf(incarnation: string, log: string): string | undefined {
    const start = this.log(incarnation, "");
    return log.startsWith(start) ? decode(log.slice(start.length)) : undefined;
  }

  /** Where they are told. */
  feed(id: string): string {
    return `${this.#prefix}.f.*.${encode(id)}`;
  }

  /** Where the processes that watch a stream say so. */
  presence(id: string): string {
    return `${this.#prefix}.p.${encode(id)}`;
  }

  /** Where an owner is told that a stream is not its own any more. */
  owner(owner: string): string {
    return `${this.#prefix}.o.${encode(owner)}`;
  }
}

function encode(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, (unit) => `=${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function decode(token: string): string {
  return token.replace(/=([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
