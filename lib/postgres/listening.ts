/**
 * Listens by a client that keeps the connection for it to itself, and reconnects that without a word.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import type { PostgresConnector, PostgresSubscriber } from "./connection.ts";

/** What such a client offers. */
export interface ListeningClient {
  /** Listens to a channel. `onListening` is called at once, and whenever it listens again after it was interrupted. */
  listen(
    channel: string,
    onMessage: (message: string) => void,
    onListening: () => void,
  ): Promise<{ unlisten(): Promise<unknown> }>;
  /** Sends an empty notification. */
  notify(channel: string): Promise<unknown>;
  readonly clock: Clock;
}

// How long a notification to oneself may take, in milliseconds.
const LONGEST_SILENCE = 2_000;

/** A channel, from the wish to listen to it. It is kept until nobody wants it, since the client goes on by itself. */
interface Registration {
  readonly ready: Promise<{ unlisten(): Promise<unknown> }>;
  listenings: number;
}

/** Makes sessions for `LISTEN` of such a client. */
export function listenBy({ listen, notify, clock }: ListeningClient): Required<PostgresConnector>["listen"] {
  return (onMessage, onLost): Promise<PostgresSubscriber> => {
    const registrations = new Map<string, Registration>();
    let isClosed = false;
    let heard: (() => void) | undefined;
    // Notifications to oneself show that the hidden connection is alive.
    const own = `tidings_ping_${clock.now().toString(36)}_${
      Math.floor(clock.random() * 36 ** 8).toString(36)
    }`;

    const subscribe = (channel: string): Registration => {
      const registration: Registration = {
        listenings: 0,
        ready: listen(channel, (message) => {
          if (isClosed || registrations.get(channel) !== registration) return;
          if (channel === own) heard?.();
          else onMessage(channel, message);
        }, () => {
          registration.listenings++;
          if (registration.listenings > 1 && !isClosed) onLost();
        }),
      };
      // One that failed is not listened to, or is when nobody waits for it any more.
      registration.ready.catch(() => {});
      registrations.set(channel, registration);
      return registration;
    };
    const unsubscribe = async (channel: string): Promise<void> => {
      const registration = registrations.get(channel);
      registrations.delete(channel);
      await registration?.ready.then((subscription) => subscription.unlisten(), () => {});
    };
    const ping = async (): Promise<void> => {
      await (registrations.get(own) ?? subscribe(own)).ready;
      const answered = new Promise<void>((resolve) => heard = resolve);
      await notify(own);
      await within(clock, LONGEST_SILENCE, answered, () => {
        throw new Error("notifications do not arrive");
      });
    };
    return Promise.resolve({
      subscribe: (channels) => Promise.all(channels.map((channel) => subscribe(channel).ready)),
      unsubscribe: (channels) => Promise.all(channels.map(unsubscribe)),
      ping,
      close() {
        isClosed = true;
        for (const channel of [...registrations.keys()]) void unsubscribe(channel).catch(() => {});
      },
    });
  };
}
