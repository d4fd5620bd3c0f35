/**
 * Defines the items that a stream yields, as types.
 *
 * @module
 */
import type { ServerComment, ServerEvent } from "./parse.ts";

/** Anything with a `~standard` property validates: Zod, Valibot, ArkType and others. See standardschema.dev. */
export interface StandardSchema<Output = unknown> {
  /** The one property the Standard Schema specification asks for. */
  readonly "~standard": {
    /** Checks a value and may transform it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

/** What a Standard Schema makes of a value: a value of its own, or a list of issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string }[] };

/** A schema for the data of each event name. */
export type Schemas = Readonly<Record<string, StandardSchema>>;

/** What a schema makes of the data it accepts. */
export type SchemaOutput<S> = S extends StandardSchema<infer Output> ? Output : never;

/**
 * The server says, by an event of the name `gap`, that events may have been lost: those after `requested`, up to and
 * including `resumedAt`. `connect` says so itself when it had to go on without an id that fits no header. Load anew what
 * was built from events, then go on.
 */
export interface ServerGap {
  /** Tells a gap from the other things a stream can yield. */
  readonly kind: "gap";
  /** The event's name. */
  readonly event: "gap";
  /** The data as it came: an object with what follows, as JSON, unless the server is not tidings' and means another. */
  readonly data: string;
  /** The last event ID this client asked to resume from. */
  readonly requested?: string;
  /** The last of the events that may have been lost. */
  readonly resumedAt?: string;
  /** Why, in the server's words. */
  readonly reason?: string;
  /** The last event ID as of this gap. */
  readonly lastEventId: string;
}

/** An event whose data does not fit its schema. The stream goes on. */
export interface InvalidEvent<Name extends string = string> {
  /** Tells a refused event from the other things a stream can yield. */
  readonly kind: "invalid";
  /** The event's name. */
  readonly event: Name;
  /** The data as it came. */
  readonly data: string;
  /** The last event ID as of this event. */
  readonly lastEventId: string;
  /** What the schema objects to. If it threw instead, that error is the one issue. */
  readonly issues: readonly { readonly message: string }[];
}

/** An event whose name has no schema, in a stream where others have one. */
export interface OtherEvent<Name extends string = string> {
  /** Apart from `"event"`, so that comparing an event's name tells its data's type. */
  readonly kind: "other";
  /** The event's name, `"message"` where the server gave none. */
  readonly event: Name;
  /** The data as text. */
  readonly data: string;
  /** The last event ID as of this event. */
  readonly lastEventId: string;
}

/** The events of one name: with a schema its output or the refused event, without one the data as text. */
export type EventOf<S extends Schemas, Name extends string = string> = Name extends keyof S
  ? ServerEvent<SchemaOutput<S[Name]>, Name> | InvalidEvent<Name>
  : Name extends "gap" ? ServerGap
  : [keyof S] extends [never] ? ServerEvent<string, Name>
  : OtherEvent<Name>;

/** Everything a stream with these schemas yields; comments only where they were asked for. */
export type StreamItem<S extends Schemas = Record<never, never>, Comments extends boolean = false> =
  | { [Name in keyof S & string]: EventOf<S, Name> }[keyof S & string]
  | ([keyof S] extends [never] ? ServerEvent : OtherEvent)
  | ServerGap
  | (Comments extends true ? ServerComment : never);

/** What is on its way to the application: what the parser made, or an id that came alone. A gap is an event yet. */
export type WireItem = ServerEvent | ServerComment | {
  readonly kind?: undefined;
  readonly lastEventId: string;
};
