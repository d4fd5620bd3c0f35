/**
 * Ends the streams that began with tokens of an issuer that is no longer accepted.
 *
 * @module
 */

export class Endings {
  readonly #open = new Map<object, Set<AbortController>>();

  /** Enters a stream, which the controller ends. Returns what takes it out again. */
  enter(issuer: object, controller: AbortController): () => void {
    let streams = this.#open.get(issuer);
    if (streams === undefined) this.#open.set(issuer, streams = new Set());
    streams.add(controller);
    return () => {
      streams.delete(controller);
      if (streams.size === 0 && this.#open.get(issuer) === streams) this.#open.delete(issuer);
    };
  }

  /** Ends all streams of an issuer, and says how many they were. */
  end(issuer: object): number {
    const streams = [...this.#open.get(issuer) ?? []];
    for (const controller of streams) controller.abort();
    return streams.length;
  }
}
