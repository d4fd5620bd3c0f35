// Tests what is told when JetStream refuses.
import { jetstream, type StreamConfig } from "@nats-io/jetstream";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetStream } from "../../lib/nats/mod.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { Relay } from "../support/relay.ts";
import { within } from "../support/wait.ts";

const KILOBYTE = 1_024;

let server: NatsServer;
let operator: NatsClient;
before(async () => {
  if (noNats) return;
  server = await NatsServer.start({
    storage: 64 * KILOBYTE,
    configuration: `
      max_payload: ${16 * KILOBYTE}
      accounts {
        A {
          jetstream: enabled
          users: [
            { user: operator, password: secret },
            { user: reader, password: secret, permissions: { publish: "$JS.API.STREAM.INFO.>", subscribe: "_INBOX.>" } }
          ]
        }
        B { users: [{ user: without, password: secret }] }
      }`,
  });
  operator = await server.connect({ user: "operator", pass: "secret" });
});
after(async () => {
  if (noNats) return;
  await operator.close();
  await server.stop();
});

let streams = 0;
let messages = 0;
const message = (payload = "payload") => ({ messageId: `message-${messages++}`, payload });

function refusal(what: string, run: (stream: string) => Promise<void>): void {
  test(`JetStream: ${what}`, { skip: noNats, timeout: 30_000 }, () => run(`refusal-${streams++}`));
}

const refused = (text: RegExp) => ({
  name: "TidingsError",
  code: "backplane-refused",
  permanent: true,
  message: text,
});

/** Makes a stream that the library would not have made. */
async function make(stream: string, config: Partial<StreamConfig>): Promise<void> {
  const manager = await operator.manager();
  await manager.streams.add({ subjects: [stream], ...config, name: stream });
}

refusal("no storage left", async (stream) => {
  const backplane = jetStream(operator.client, { stream });
  try {
    await assert.rejects(async () => {
      for (let i = 0; i < 20; i++) await backplane.append(message("x".repeat(8 * KILOBYTE)));
    }, refused(/JetStream stream refusal-\d+: .*maxBytes/));
  } finally {
    await (await operator.manager()).streams.delete(stream);
  }
});

refusal("a stream that is full and keeps the old", async (stream) => {
  await make(stream, { discard: "new", max_msgs: 2 });
  const backplane = jetStream(operator.client, { stream });
  await backplane.append(message());
  await backplane.append(message());
  await assert.rejects(backplane.append(message()), refused(/full.*discard policy/));
});

refusal("a message that is too large, for the server or for the stream", async (stream) => {
  await make(stream, { max_msg_size: 100 });
  const backplane = jetStream(operator.client, { stream });
  await assert.rejects(backplane.append(message("x".repeat(17 * KILOBYTE))), refused(/max_payload/));
  await assert.rejects(backplane.append(message("x".repeat(101))), refused(/max_msg_size/));
  await backplane.append(message());
});

refusal("a subject that another stream has", async (stream) => {
  await make(stream, {});
  const backplane = jetStream(operator.client, { stream: `${stream}-b`, subject: stream });
  await assert.rejects(backplane.append(message()), refused(/choose another subject/));
  await assert.rejects(backplane.open(), refused(/choose another subject/));
});

refusal("a stream that does not take the subject, or forgets what was read", async (stream) => {
  await make(stream, { subjects: [`${stream}.a`, `${stream}.b`] });
  await assert.rejects(
    jetStream(operator.client, { stream }).open(),
    refused(new RegExp(`does not take the subject ${stream}, only ${stream}\\.a, ${stream}\\.b`)),
  );
  await jetStream(operator.client, { stream, subject: `${stream}.a` }).append(message());
  await make(`${stream}-queue`, { retention: "workqueue" });
  await assert.rejects(
    jetStream(operator.client, { stream: `${stream}-queue` }).open(),
    refused(/retention policy workqueue/),
  );
});

refusal("more replicas than there are servers", async (stream) => {
  const backplane = jetStream(operator.client, { stream, replicas: 3 });
  await assert.rejects(backplane.open(), refused(/set replicas to 1/));
});

refusal("no permission, and no JetStream for the account", async (stream) => {
  await jetStream(operator.client, { stream }).append(message());
  const reader = await server.connect({ user: "reader", pass: "secret" });
  const without = await server.connect({ user: "without", pass: "secret" });
  try {
    const backplane = jetStream(reader.client, { stream });
    await assert.rejects(backplane.append(message()), refused(new RegExp(`"${stream}".*grant it`)));
    const reading = await backplane.open();
    await assert.rejects(reading.before(undefined, 1), refused(/CONSUMER\.CREATE.*grant it/));
    reading.close();
    await assert.rejects(jetStream(without.client, { stream }).open(), {
      message: /JetStream is not enabled/,
    });
  } finally {
    await Promise.all([reader.close(), without.close()]);
  }
});

refusal("a connection that is closed for good", async (stream) => {
  const gone = await server.connect({ user: "operator", pass: "secret" });
  const backplane = jetStream(gone.client, { stream });
  const id = await backplane.append(message());
  const reader = await backplane.open();
  await reader.range(id, 2);
  await gone.close();
  const closed = refused(/maxReconnectAttempts: -1/);
  await assert.rejects(backplane.append(message()), closed);
  await assert.rejects(backplane.open(), closed);
  await assert.rejects(reader.range(id, 2), closed);
  reader.close();
});

refusal("a stream that exists is used as it is", async (stream) => {
  await make(stream, { max_msgs: 3, subjects: [`${stream}.>`] });
  const backplane = jetStream(operator.client, { stream, subject: `${stream}.events`, maxEvents: 10 });
  for (let i = 0; i < 5; i++) await backplane.append(message());
  const reader = await backplane.open();
  assert.equal((await reader.before(undefined, 10)).length, 3);
  reader.close();
  const { config } = await (await operator.manager()).streams.info(stream);
  assert.equal(config.max_msgs, 3);
});

test("JetStream: a server that is absent at first is waited for, and one that refuses the user is told of", {
  skip: noNats,
  timeout: 30_000,
}, async () => {
  const absent = await NatsServer.absent();
  const connecting = absent.connect({ waitOnFirstConnect: true });
  const backplane = jetStream(connecting.then(({ client }) => client), { stream: "late" });
  const opening = backplane.open();
  await absent.run();
  (await within(opening, "a reader is open")).close();
  await (await connecting).close();
  await absent.stop();

  // The server refuses and resets the connection in one breath. On Deno, NATS' own client no longer listens to the socket by
  // then, so the reset would be an error that nobody catches: the relay ends the connection instead.
  const relay = await Relay.start(server.port);
  const stranger = server.connect({ port: relay.port, user: "operator", pass: "wrong" });
  const client = stranger.then(({ connection }) => jetstream(connection));
  await assert.rejects(jetStream(client, { stream: "stranger" }).open(), refused(/user and password/));
  await relay.close();
});
