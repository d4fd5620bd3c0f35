/**
 * Knows the other hubs of one log, by what they say there: which subscriptions each has, and whether it is alive.
 *
 * All hubs read the same words in the same order, and so come to the same end. That one is alive is measured by no clock but
 * by one's own signs of life: whoever was not heard while several of them came back through the log is given up. So an engine
 * that is away, or slow, kills nobody. Of many who give one up the first in the log tells the ends of its subscriptions.
 *
 * @module
 */

import type { Subscription } from "./subscription.ts";

/** After so many signs of life of one's own a hub that was not heard is given up. */
const PATIENCE = 3;
/** One whose subscriptions are not all known is left to others for as long again: they would tell all ends. */
const LONGER_PATIENCE = 2 * PATIENCE;

interface Peer {
  readonly subscriptions: Map<string, Subscription>;
  /** One's own signs of life since it was heard. */
  silence: number;
  /** Whether all its subscriptions are known. */
  isWhole: boolean;
  hasLeft: boolean;
  /** Who tells the ends of its subscriptions, once it was given up. */
  teller: string | undefined;
}

export class Peers {
  readonly #peers = new Map<string, Peer>();

  get size(): number {
    return this.#peers.size;
  }

  /** Forgets all: words were missed. */
  clear(): void {
    this.#peers.clear();
  }

  /** The subscriptions of all that are alive. */
  *active(): Generator<Subscription> {
    for (const { teller, subscriptions } of this.#peers.values()) {
      if (teller === undefined) yield* subscriptions.values();
    }
  }

  /** An active subscription, by its id. */
  find(id: string): Subscription | undefined {
    for (const { teller, subscriptions } of this.#peers.values()) {
      const found = teller === undefined ? subscriptions.get(id) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** A hub said something. */
  heard(hub: string): void {
    this.#peer(hub).silence = 0;
  }

  /** A subscription has begun or ended, whoever tells that. */
  changed(hub: string, subscription: Subscription): void {
    if (subscription.active) this.#peer(hub).subscriptions.set(subscription.id, subscription);
    else this.#peers.get(hub)?.subscriptions.delete(subscription.id);
  }

  /** A hub says what it has, in one piece or several. */
  has(
    hub: string,
    subscriptions: Iterable<Subscription>,
    { isFirst, isLast }: { isFirst: boolean; isLast: boolean },
  ): void {
    const peer = this.#peer(hub);
    if (isFirst) peer.subscriptions.clear();
    for (const subscription of subscriptions) peer.subscriptions.set(subscription.id, subscription);
    if (isLast) peer.isWhole = true;
  }

  /** A hub ends in good order. Says whether it can be given up at once. */
  left(hub: string): boolean {
    const peer = this.#peer(hub);
    peer.hasLeft = true;
    return peer.isWhole;
  }

  /**
   * Somebody gives a hub up. The first to do so tells the ends of its subscriptions: they are returned to it, and `undefined`
   * to anybody else.
   */
  givenUp(hub: string, by: string, self: string): Subscription[] | undefined {
    const peer = this.#peers.get(hub);
    if (peer === undefined || peer.teller !== undefined) return undefined;
    peer.teller = by;
    return by === self ? [...peer.subscriptions.values()] : undefined;
  }

  /** Whoever was to tell a hub's ends could not: anybody may. */
  untold(hub: string): void {
    const peer = this.#peers.get(hub);
    if (peer !== undefined) peer.teller = undefined;
  }

  /** All ends of a hub's subscriptions were told. */
  told(hub: string, by: string): void {
    if (this.#peers.get(hub)?.teller === by) this.#peers.delete(hub);
  }

  /** A sign of life of one's own came back. Returns the hubs to be given up. */
  pulse(self: string): string[] {
    const silent: string[] = [];
    for (const [hub, peer] of this.#peers) {
      peer.silence++;
      const { teller, silence, isWhole, hasLeft } = peer;
      // It died over it.
      if (teller !== undefined && teller !== self && !this.#isAlive(teller)) peer.teller = undefined;
      const isOver = silence >= (isWhole ? PATIENCE : LONGER_PATIENCE) || (hasLeft && isWhole);
      if (peer.teller === undefined && isOver) silent.push(hub);
    }
    return silent;
  }

  #isAlive(hub: string): boolean {
    const peer = this.#peers.get(hub);
    return peer !== undefined && peer.teller === undefined;
  }

  #peer(hub: string): Peer {
    let peer = this.#peers.get(hub);
    if (peer === undefined) {
      peer = { subscriptions: new Map(), silence: 0, isWhole: false, hasLeft: false, teller: undefined };
      this.#peers.set(hub, peer);
    }
    return peer;
  }
}
