/**
 * Makes a NATS JetStream stream the shared log of broadcasters in many processes, or a store of streams of one piece of work.
 *
 * @module
 */

import type { Backplane } from "../cluster/backplane.ts";
import { show } from "../base/errors.ts";
import { compareIds, parseId } from "./id.ts";
import { checkJetStreamOptions, type JetStreamOptions } from "./options.ts";
import { JetStreamReader } from "./reader.ts";
import type { StreamStore } from "../store/store.ts";
import { JetStreamStore } from "./store.ts";
import { checkStoreOptions, type JetStreamStoreOptions } from "./store_options.ts";
import { StoreStream } from "./store_stream.ts";
import { Stream } from "./stream.ts";
import type { JetStreamClientLike } from "./types.ts";

export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { Clock } from "../base/clock.ts";
export type { JetStreamOptions } from "./options.ts";
export type { JetStreamStoreOptions } from "./store_options.ts";
export type {
  Appended,
  EndState,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
export type {
  ConnectionLike,
  ConsumerConfigLike,
  ConsumerInfoLike,
  ConsumerLike,
  JetStreamClientLike,
  JetStreamManagerLike,
  MessageLike,
  MessageQueryLike,
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
  checkClient("jetStream", client);
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

/**
 * A store of `ResumableStreams` over NATS JetStream, from server 2.9 on. One JetStream stream holds all the streams of an
 * application, each on a subject of its own, and everything that happens to one is a message there, which the server appends
 * only if the one before it is still the last.
 *
 * The client is yours, as for {@linkcode jetStream}, and the same three options of its connection matter.
 *
 * The JetStream stream is made where there is none. One that exists must take `<prefix>.w.*.*`, republish that to
 * `<prefix>.f.{{wildcard(1)}}.{{wildcard(2)}}`, have the retention policy `limits` and a `max_age`; else every call is refused, with the
 * command that makes one. What has ended is taken out after its `keep` by the process that ended it, or else by one that looks
 * for overdue streams, and after `maxAge` by JetStream whatever happens, so set that to more than the longest piece of work
 * and `keep` together: of work that takes longer the oldest events go, and readers that still need them are told of a gap.
 *
 * **Cost.** An append is one message and one round trip, whatever the number of events and readers; it carries some 240 bytes
 * besides the frames. A creation and an end are three round trips, a claim is four. A renewal takes out the one before it, which
 * is a second request that nobody waits for. A process that watches a stream answers its owner with one small message a second
 * at most, and as often as the lease is renewed where nothing happens. A read is one round trip if the newest message has all
 * that is asked for, and else some four to fifteen, for up to 500 messages each time. The head of a stream that another process
 * owns has the number of `readers` that its last message says.
 *
 * **Clusters.** With one replica, the default, any server from 2.9 on will do, in a cluster too. More than one takes server 2.11
 * or later, and is refused on an older one: there two processes that write at the same moment may both succeed. The tests of
 * this library run with one replica only.
 *
 * **Time.** Whether a lease is over is told by the times that the server writes on its messages, and by no other clock. In a
 * cluster the leaders' clocks should agree to well within a lease. A reader that died is counted until its owner has renewed
 * the lease twice, and a second at least.
 *
 * **Durability.** A message is written to its file before it is acknowledged, and synced every two minutes: a `kill -9` takes
 * nothing, and a loss of power what was acknowledged since then, unless `replicas` hold it elsewhere or `sync_interval` in the
 * server's configuration is shorter. Among what is lost may be a claim or an end; then the owner that it was taken from may go
 * on. A stream that is deleted, or was in memory, is told as gone within the owners' leases.
 *
 * A user with restricted permissions needs to publish to `<prefix>.>` and to these, and to subscribe to `<prefix>.>` and its
 * inbox: `$JS.API.STREAM.INFO.<stream>`, `$JS.API.STREAM.CREATE.<stream>` (unless the stream exists),
 * `$JS.API.STREAM.MSG.GET.<stream>`, `$JS.API.STREAM.MSG.DELETE.<stream>`, `$JS.API.STREAM.PURGE.<stream>`,
 * `$JS.API.CONSUMER.CREATE.<stream>.>`, `$JS.API.CONSUMER.MSG.NEXT.<stream>.*` and `$JS.API.CONSUMER.DELETE.<stream>.*`.
 *
 * @example
 * ```ts
 * import { type JetStreamClientLike, jetStreamStore } from "tidings/nats";
 *
 * // connection = await connect({ servers, maxReconnectAttempts: -1, pingInterval: 5_000, timeout: 5_000 })
 * // client = jetstream(connection)
 * export function store(client: JetStreamClientLike) {
 *   return jetStreamStore(client, { stream: "answers", maxAge: 86_400_000 });
 * }
 * ```
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function jetStreamStore(
  client: JetStreamClientLike | Promise<JetStreamClientLike>,
  options: JetStreamStoreOptions = {},
): StreamStore {
  checkClient("jetStreamStore", client);
  return new JetStreamStore(new StoreStream(client, checkStoreOptions(options)));
}

function checkClient(name: string, client: unknown): void {
  if ("then" in Object(client)) return;
  if (typeof (client as JetStreamClientLike | undefined)?.jetstreamManager === "function") return;
  throw new TypeError(
    `${name}() takes what jetstream(connection) of @nats-io/jetstream returns, received ${show(client)}`,
  );
}
