/**
 * Describes what is used of the user's `@nats-io/jetstream`, so that nothing of it has to be imported.
 *
 * @module
 */

/** A `JetStreamClient` of `@nats-io/jetstream`, version 3: what `jetstream(connection)` returns. */
export interface JetStreamClientLike {
  /** Publishes a message, and resolves when it is acknowledged. */
  publish(
    subject: string,
    payload: string,
    options: { msgID: string; expect: { streamName: string; lastSequence?: number } },
  ): Promise<{ readonly seq: number }>;
  /** Makes a manager. */
  jetstreamManager(checkAPI?: boolean): Promise<JetStreamManagerLike>;
  /** What pulls messages. */
  readonly consumers: { getConsumerFromInfo(info: ConsumerInfoLike): ConsumerLike };
  /** The client has it, though its type does not say so. Without it, order may suffer when the connection breaks. */
  getConnection?(): { status(): AsyncIterable<{ readonly type: string }> };
}

/** A `JetStreamManager`. */
export interface JetStreamManagerLike {
  /** What asks for streams, makes them, and reads one message. */
  readonly streams: {
    info(stream: string): Promise<StreamInfoLike>;
    add(config: { name: string } & StreamConfigLike): Promise<StreamInfoLike>;
    getMessage(stream: string, query: { seq: number }): Promise<StoredMessageLike | null>;
  };
  /** What makes consumers, and ends them. */
  readonly consumers: {
    add(stream: string, config: ConsumerConfigLike): Promise<ConsumerInfoLike>;
    delete(stream: string, consumer: string): Promise<boolean>;
  };
}

/** A stream's configuration, as far as it is set. */
export interface StreamConfigLike {
  /** What is published to the stream. */
  subjects: string[];
  /** Messages stay until a limit is reached. */
  retention: "limits";
  /** Where they are kept. */
  storage: "file" | "memory";
  /** The oldest go first. */
  discard: "old";
  /** Messages; -1 for no limit. */
  max_msgs: number;
  /** Bytes; -1 for no limit. */
  max_bytes: number;
  /** Nanoseconds; 0 for no limit. */
  max_age: number;
  /** Servers that hold the stream. */
  num_replicas: number;
  /** Nanoseconds for which a second copy is refused. */
  duplicate_window: number;
}

/** What a stream is, and what it holds. */
export interface StreamInfoLike {
  /** When it was made. */
  readonly created: string;
  /** How it was made. */
  readonly config: { readonly retention: string; readonly subjects?: readonly string[] };
  /** What is in it. */
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
}

/** A consumer's configuration, as far as it is set. */
export interface ConsumerConfigLike {
  /** Unlike any other's. */
  name: string;
  /** Nothing is acknowledged. */
  ack_policy: "none";
  /** It begins at a sequence. */
  deliver_policy: "by_start_sequence";
  /** That sequence. */
  opt_start_seq: number;
  /** Nanoseconds without a request after which it goes away. */
  inactive_threshold: number;
  /** It is not written to the disk. */
  mem_storage: boolean;
  /** One server holds it. */
  num_replicas: number;
}

/** A consumer that was made. */
export interface ConsumerInfoLike {
  /** Its name. */
  readonly name: string;
  /** Messages that are before it. */
  readonly num_pending: number;
}

/** A pull consumer. */
export interface ConsumerLike {
  /** Asks for messages. */
  fetch(options: { max_messages: number; expires: number }): Promise<MessagesLike>;
}

/** What was asked for, as it comes. */
export interface MessagesLike extends AsyncIterable<MessageLike> {
  /** Ends it. */
  close(): Promise<unknown>;
}

/** A message that was pulled. */
export interface MessageLike {
  /** Its headers, if it has any. */
  readonly headers?: { get(name: string): string } | undefined;
  /** Its place in the stream and among what the consumer sent, and how many are behind it. */
  readonly info: {
    readonly streamSequence: number;
    readonly deliverySequence: number;
    readonly pending: number;
  };
  /** Its body. */
  readonly data: Uint8Array;
}

/** A message that was asked for by its sequence. */
export interface StoredMessageLike {
  /** Its headers. */
  readonly header?: { get(name: string): string } | undefined;
  /** Its body. */
  readonly data: Uint8Array;
}
