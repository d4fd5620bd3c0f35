/**
 * Defines the types of what is published: which events a Broadcaster carries, and with what data.
 *
 * @module
 */

import type { ServerSentEvent } from "../wire/event.ts";

/** Names and data of the events: `{ price: { amount: number }; message: string }`. Unnamed events are `message`. */
export type EventMap = Record<string, unknown>;

/** What can be said of an event besides its name and data. */
export interface PublishFields {
  /**
   * Only subscribers of this topic receive the event, or with a list those of any of these, once each. Default: all
   * receive it.
   */
  topic?: string | readonly string[] | undefined;
  /**
   * With the lag policy `"latest"`, a newer event with the same key replaces this one for a client that lags and gets both,
   * whatever their topics.
   */
  key?: string | undefined;
  /**
   * An id of your own, which clients are told as the event's id. A client that comes back with it goes on after the event:
   * the first one, should several have it. The newest 10,000 such ids are known, to each process; one that has been forgotten
   * is told of as a gap. It must be fit for a header, and not look like an id that the log gives itself. Default: the log's.
   */
  id?: string | undefined;
  /** Milliseconds a browser waits before it reconnects, from this event on. */
  retry?: number | undefined;
}

/** An event of the map as it is published. */
export type PublishEvent<Events extends EventMap> = {
  [Name in keyof Events & string]:
    & PublishFields
    // Without a map any name goes, and none is "message" too.
    & (string extends Name ? { event?: string | undefined }
      : Name extends "message" ? { event?: Name | undefined }
      : { event: Name })
    & (undefined extends Events[Name] ? { data?: Events[Name] } : { data: Events[Name] });
}[keyof Events & string];

/** What `publish()` takes: an event of the map, or a string as short for an unnamed event, where the map has that. */
export type PublishInput<Events extends EventMap> =
  | PublishEvent<Events>
  | ("message" extends keyof Events ? string extends Events["message"] ? string : never : never);

/** Any input of `publish()`, its types forgotten. */
export type PublishableEvent = string | (Omit<ServerSentEvent, "id"> & PublishFields);
