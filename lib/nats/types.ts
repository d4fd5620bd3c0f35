/**
 * What is used of the user's `@nats-io/jetstream`, so that nothing of it has to be imported.
 *
 * @module
 */

/** A `JetStreamClient` of `@nats-io/jetstream`, version 3: what `jetstream(connection)` returns. */
export interface JetStreamClientLike {
  publish(
    subject: string,
    payload: string,
    options: { msgID: string; expect: { streamName: string; lastSequence?: number } },
  ): Promise<{ readonly seq: number }>;
  jetstreamManager(checkAPI?: boolean): Promise<JetStreamManagerLike>;
  readonly consumers: { getConsumerFromInfo(info: ConsumerInfoLike): ConsumerLike };
  /** The client has it, though its type does not say so. Without it, order may suffer when the connection breaks. */
  getConnection?(): { status(): AsyncIterable<{ readonly type: string }> };
}

/** A `JetStreamManager`. */
export interface JetStreamManagerLike {
  readonly streams: {
    info(stream: string): Promise<StreamInfoLike>;
    add(config: { name: string } & StreamConfigLike): Promise<StreamInfoLike>;
    getMessage(stream: string, query: { seq: number }): Promise<StoredMessageLike | null>;
  };
  readonly consumers: {
    add(stream: string, config: ConsumerConfigLike): Promise<ConsumerInfoLike>;
    delete(stream: string, consumer: string): Promise<boolean>;
  };
}

/** A stream's configuration: what is set of it, and what is looked at. */
export interface StreamConfigLike {
  subjects: string[];
  retention: "limits";
  storage: "file" | "memory";
  discard: "old";
  max_msgs: number;
  max_bytes: number;
  /** Nanoseconds, as is `duplicate_window`. */
  max_age: number;
  num_replicas: number;
  duplicate_window: number;
}

/** What a stream is, and what it holds. */
export interface StreamInfoLike {
  readonly created: string;
  readonly config: { readonly retention: string; readonly subjects?: readonly string[] };
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
}

/** A consumer's configuration. */
export interface ConsumerConfigLike {
  name: string;
  ack_policy: "none";
  deliver_policy: "by_start_sequence";
  opt_start_seq: number;
  inactive_threshold: number;
  mem_storage: boolean;
  num_replicas: number;
}

/** A consumer that was made. */
export interface ConsumerInfoLike {
  readonly name: string;
  readonly num_pending: number;
}

/** A pull consumer. */
export interface ConsumerLike {
  fetch(options: { max_messages: number; expires: number }): Promise<MessagesLike>;
}

/** What was pulled. */
export interface MessagesLike extends AsyncIterable<MessageLike> {
  close(): Promise<unknown>;
}

/** A message that was pulled. */
export interface MessageLike {
  readonly headers?: { get(name: string): string } | undefined;
  readonly info: {
    readonly streamSequence: number;
    readonly deliverySequence: number;
    readonly pending: number;
  };
  readonly data: Uint8Array;
}

/** A message that was asked for by its number. */
export interface StoredMessageLike {
  readonly header?: { get(name: string): string } | undefined;
  readonly data: Uint8Array;
}
