/**
 * Keeps one connection for all components of a page that mean the same stream.
 *
 * @module
 */

import { connect } from "../client/connect.ts";
import type { AnyItem } from "../client/decode.ts";
import { connectShared } from "../client/shared.ts";
import type { EventStream, StreamState } from "../client/stream.ts";
import { type AnyOptions, connectionOptions } from "./options.ts";

/** A component that takes part. */
export interface Member {
  /** Its options of the present. */
  readonly options: AnyOptions;
  /** Takes an item. Must not throw. */
  take(item: AnyItem): void;
  /** Takes the state of the connection. */
  tell(state: StreamState, error: unknown): void;
}

const feeds = new Map<string, Feed>();

class Feed {
  readonly #key: string;
  readonly #members = new Set<Member>();
  readonly #stream: EventStream;
  #error: unknown;

  constructor(key: string, url: string | URL, { options }: Member) {
    this.#key = key;
    const connection = connectionOptions(options, () => [...this.#members].at(-1)?.options ?? options);
    this.#stream = (options.shared === false ? connect : connectShared)(url, connection) as EventStream;
    this.#stream.onstate = (state, { error }) => {
      // While it tries again, what went wrong is still what the page has to say.
      if (state !== "connecting") this.#error = error;
      // Whoever comes after the end gets a stream of its own.
      if (state === "closed") this.#forget();
      for (const member of [...this.#members]) member.tell(state, this.#error);
    };
    this.#stream.on((item) => {
      for (const member of [...this.#members]) member.take(item);
    });
    // The members are told of it.
    this.#stream.closed.catch(() => {});
    feeds.set(key, this);
  }

  join(member: Member): () => void {
    this.#members.add(member);
    member.tell(this.#stream.state, this.#error);
    return () => {
      this.#members.delete(member);
      // Not at once: a framework that takes one component away and puts another one there, or the same one once more, as
      // React's strict mode does, has done both before this turn is over.
      queueMicrotask(() => {
        if (this.#members.size > 0) return;
        this.#forget();
        this.#stream.close();
      });
    };
  }

  #forget(): void {
    if (feeds.get(this.#key) === this) feeds.delete(this.#key);
  }
}

/** Joins the page's stream of this key, which the first one opens; leave it by what is returned, once. */
export function join(key: string, url: string | URL, member: Member): () => void {
  return (feeds.get(key) ?? new Feed(key, url, member)).join(member);
}
