/**
 * Listens for notifications, and finds out whether they arrive: each session now and then sends one to itself.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { TidingsError } from "../base/errors.ts";
import type { PostgresConnector, PostgresSubscriber } from "./connection.ts";

// How long a notification to oneself may take, in milliseconds.
const LONGEST_SILENCE = 2_000;

/** A session, as a client offers it, before it has proved anything. */
export interface Session {
  subscribe(channels: readonly string[]): Promise<unknown>;
  unsubscribe(channels: readonly string[]): Promise<unknown>;
  /** Sends an empty notification. */
  notify(channel: string): Promise<unknown>;
  close(): void;
}

/** Opens such a session. */
export type OpenSession = Required<PostgresConnector>["listen"] extends
  (onMessage: infer M, onLost: infer L) => unknown ? (onMessage: M, onLost: L) => Promise<Session> : never;

/** Makes sessions prove that they bring notifications: with a pooler in transaction mode they are confirmed, and bring none. */
export function proven(open: OpenSession, clock: Clock): Required<PostgresConnector>["listen"] {
  return async (onMessage, onLost): Promise<PostgresSubscriber> => {
    const own = `tidings_ping_${clock.now().toString(36)}_${
      Math.floor(clock.random() * 36 ** 8).toString(36)
    }`;
    let heard: (() => void) | undefined;
    let isProven = false;
    const session = await open((channel, message) => {
      if (channel === own) heard?.();
      else onMessage(channel, message);
    }, onLost);
    const ping = async (): Promise<void> => {
      const answered = new Promise<void>((resolve) => heard = resolve);
      await session.notify(own);
      await within(clock, LONGEST_SILENCE, answered, () => {
        throw new TidingsError(
          "backplane-unavailable",
          "notifications do not arrive. LISTEN needs a session of its own, which a pooler in transaction mode does not " +
            'give: hand over a client that connects to the server itself as the option "listen", or, for a log, set that ' +
            "to false",
        );
      });
    };
    return {
      async subscribe(channels) {
        await session.subscribe(isProven ? channels : [own, ...channels]);
        if (!isProven) await ping();
        isProven = true;
      },
      unsubscribe: (channels) => session.unsubscribe(channels),
      // Until it has proved itself an answer is enough, lest nobody learns why it fails.
      ping: () => isProven ? ping() : session.notify(own),
      close: () => session.close(),
    };
  };
}

/** What a client offers that keeps the connection for `LISTEN` to itself, and reconnects it without a word. */
export interface ListeningClient {
  /** Listens to a channel. `onListening` is called at once, and whenever it listens again after it was interrupted. */
  listen(
    channel: string,
    onMessage: (message: string) => void,
    onListening: () => void,
  ): Promise<{ unlisten(): Promise<unknown> }>;
  /** Sends an empty notification. */
  notify(channel: string): Promise<unknown>;
  /** Resolves in a later turn of the event loop, in which it is safe to ask something of it after a failure. */
  laterTurn(): Promise<void>;
}

/** A channel, from the wish to listen to it. */
interface Registration {
  readonly ready: Promise<{ unlisten(): Promise<unknown> }>;
  listenings: number;
}

/** Makes sessions of such a client. */
export function sessionsOf({ listen, notify, laterTurn }: ListeningClient): OpenSession {
  return (onMessage, onLost) => {
    const registrations = new Map<string, Registration>();
    let isClosed = false;

    const subscribe = (channel: string): Registration => {
      const registration: Registration = {
        listenings: 0,
        ready: listen(channel, (message) => {
          if (!isClosed && registrations.get(channel) === registration) onMessage(channel, message);
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
      // Mostly this is the answer to a connection that broke.
      await laterTurn();
      await registration?.ready.then((subscription) => subscription.unlisten(), () => {});
    };
    return Promise.resolve({
      subscribe: (channels) => Promise.all(channels.map((channel) => subscribe(channel).ready)),
      unsubscribe: (channels) => Promise.all(channels.map(unsubscribe)),
      notify,
      close() {
        isClosed = true;
        for (const channel of [...registrations.keys()]) void unsubscribe(channel).catch(() => {});
      },
    });
  };
}
