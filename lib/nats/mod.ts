/**
 * Makes a NATS JetStream stream the shared log of broadcasters in many processes.
 *
 * @module
 */

import type { Backplane } from "../cluster/backplane.ts";
import { show } from "../base/errors.ts";
import { compareIds, parseId } from "./id.ts";
import { checkJetStreamOptions, type JetStreamOptions } from "./options.ts";
import { JetStreamReader } from "./reader.ts";
import { Stream } from "./stream.ts";
import type { JetStreamClientLike } from "./types.ts";

export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { JetStreamOptions } from "./options.ts";
export type {
  ConsumerConfigLike,
  ConsumerInfoLike,
  ConsumerLike,
  JetStreamClientLike,
  JetStreamManagerLike,
  MessageLike,
  MessagesLike,
  StoredMessageLike,
  StreamConfigLike,
  StreamInfoLike,
} from "./types.ts";

// How long it may take until a connection that broke is back, before opening a reader fails; in milliseconds.
const PATIENCE = 2_000;

/**
 * A backplane over a stream of NATS JetStream, from server 2.9 on.
 *
 * The client is yours: `jetstream(connection)` of `@nats-io/jetstream` 3, over a connection of
 * `@nats-io/transport-node`, on Node, Bun and Deno. Three options of that connection matter: with
 * `maxReconnectAttempts: -1` it never gives up on the server; a small `pingInterval` (the default is two minutes) makes it
 * notice one that vanished without a word; and a small `timeout` (20 s) lets it try again soon where a handshake was cut off
 * half-way. Where the server may be absent when the process starts, pass the promise of a client, over a connection with
 * `waitOnFirstConnect: true`.
 *
 * The stream is made, with limits from the options, where there is none; one that exists is used as it is. Its retention
 * policy must be `limits`. Every message in it is taken for an event; one that is deleted by hand is left out, and no gap is
 * told. What a process leaves behind that is killed, a consumer in memory, goes away by itself after ten seconds.
 *
 * A user with restricted permissions needs to publish to the subject and to these, and to subscribe to its inbox:
 * `$JS.API.STREAM.INFO.<stream>`, `$JS.API.STREAM.CREATE.<stream>` (unless the stream exists),
 * `$JS.API.STREAM.MSG.GET.<stream>`, `$JS.API.CONSUMER.CREATE.<stream>.>`, `$JS.API.CONSUMER.INFO.<stream>.*`,
 * `$JS.API.CONSUMER.MSG.NEXT.<stream>.*` and `$JS.API.CONSUMER.DELETE.<stream>.*`.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { jetStream, type JetStreamClientLike } from "tidings/nats";
 *
 * // connection = await connect({ servers, maxReconnectAttempts: -1, pingInterval: 5_000, timeout: 5_000 })
 * // client = jetstream(connection)
 * export function backplane(client: JetStreamClientLike) {
 *   return jetStream(client, { stream: "market", maxEvents: 100_000, maxAge: 3_600_000 });
 * }
 * ```
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function jetStream(
  client: JetStreamClientLike | Promise<JetStreamClientLike>,
  options: JetStreamOptions,
): Backplane {
  if (
    !("then" in Object(client)) && typeof (client as JetStreamClientLike)?.jetstreamManager !== "function"
  ) {
    throw new TypeError(
      `jetStream() takes what jetstream(connection) of @nats-io/jetstream returns, received ${show(client)}`,
    );
  }
  const stream = new Stream(client, checkJetStreamOptions(options));
  return {
    name: stream.name,
    isId: (text) => parseId(text) !== undefined,
    compare: compareIds,
    append: (message) => stream.append(message),
    open: async () => {
      await stream.link.mended(PATIENCE);
      await stream.state();
      return new JetStreamReader(stream);
    },
  };
}
