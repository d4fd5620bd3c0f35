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
    options: {
      msgID?: string;
      expect: { streamName: string; lastSequence?: number; lastSubjectSequence?: number };
    },
  ): Promise<{ readonly seq: number }>;
  /** Makes a manager. */
  jetstreamManager(checkAPI?: boolean): Promise<JetStreamManagerLike>;
  /** What pulls messages. */
  readonly consumers: { getConsumerFromInfo(info: ConsumerInfoLike): ConsumerLike };
  /**
   * The client has it, though its type does not say so. Without it, order may suffer when the connection breaks, and a
   * store cannot watch.
   */
  getConnection?(): ConnectionLike;
}

/** The connection that the client works over. */
export interface ConnectionLike {
  /** Tells when it breaks and when it is mended. */
  status(): AsyncIterable<{ readonly type: string }>;
  /** Calls back with each message of a subject. */
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { readonly data: Uint8Array }) => void },
  ): { unsubscribe(): void };
  /** Sends a message to whoever listens now. */
  publish(subject: string, payload: string): void;
  /** Resolves when the server has taken all that was sent before. */
  flush(): Promise<void>;
  /** What the server said of itself. */
  readonly info?: { readonly max_payload: number; readonly version: string } | undefined;
}

/** A `JetStreamManager`. */
export interface JetStreamManagerLike {
  /** What asks for streams, makes them, reads one message, and takes messages out. */
  readonly streams: {
    info(stream: string): Promise<StreamInfoLike>;
    add(config: { name: string } & StreamConfigLike): Promise<StreamInfoLike>;
    getMessage(stream: string, query: MessageQueryLike): Promise<StoredMessageLike | null>;
    purge(stream: string, options: { filter: string; seq: number }): Promise<unknown>;
    deleteMessage(stream: string, sequence: number, erase: boolean): Promise<boolean>;
  };
  /** What makes consumers, and ends them. */
  readonly consumers: {
    add(stream: string, config: ConsumerConfigLike): Promise<ConsumerInfoLike>;
    delete(stream: string, consumer: string): Promise<boolean>;
  };
}

/** Which message is asked for: by its sequence, the next of a subject from a sequence on, or the last of a subject. */
export type MessageQueryLike = { seq: number; next_by_subj?: string } | { last_by_subj: string };

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
  /** Where each message is told once it is stored. */
  republish?: { src: string; dest: string };
}

/** What a stream is, and what it holds. */
export interface StreamInfoLike {
  /** When it was made. */
  readonly created: string;
  /** How it was made. */
  readonly config: {
    readonly retention: string;
    readonly subjects?: readonly string[];
    readonly max_age?: number;
    readonly num_replicas?: number;
    readonly max_msgs_per_subject?: number;
    readonly deny_delete?: boolean;
    readonly deny_purge?: boolean;
    readonly republish?: { readonly src: string; readonly dest: string };
  };
  /** What is in it. */
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
}

/** A consumer's configuration, as far as it is set. */
export interface ConsumerConfigLike {
  /** Unlike any other's. */
  name: string;
  /** Nothing is acknowledged. */
  ack_policy: "none";
  /** It begins at a sequence, or has only the last message of each subject. */
  deliver_policy: "by_start_sequence" | "last_per_subject";
  /** That sequence. */
  opt_start_seq?: number;
  /** It has only messages of this subject. */
  filter_subject?: string;
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
  /** When it was made, by the server's clock. */
  readonly created: string;
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
  /** Its subject. */
  readonly subject: string;
  /** When it was stored, by the server's clock. */
  readonly time: Date;
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
  /** Its subject. */
  readonly subject: string;
  /** Its place in the stream. */
  readonly seq: number;
  /** When it was stored, by the server's clock. */
  readonly time: Date;
  /** Its headers. */
  readonly header?: { get(name: string): string } | undefined;
  /** Its body. */
  readonly data: Uint8Array;
}
