// Tests that a process's events stand in a JetStream stream in the order in which it published them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { jetStream, type JetStreamClientLike, jetStreamStore } from "../../lib/nats/mod.ts";
import { NatsServer, noNats } from "../support/nats.ts";
import { deferred } from "../support/wait.ts";

let server: NatsServer;
before(async () => {
  if (!noNats) server = await NatsServer.start();
});
after(async () => {
  if (!noNats) await server.stop();
});

/** The same client, whose answer to the second question for the stream comes late. */
function slowToAnswer(client: JetStreamClientLike, late: Promise<void>): JetStreamClientLike {
  let questions = 0;
  return new Proxy(client, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== "jetstreamManager") return typeof value === "function" ? value.bind(target) : value;
      return async (...args: [boolean]) => {
        const manager = await target.jetstreamManager(...args);
        const streams = Object.create(manager.streams);
        streams.info = async (stream: string) => {
          const isSecond = ++questions === 2;
          const info = await manager.streams.info(stream);
          if (isSecond) await late;
          return info;
        };
        return new Proxy(manager, {
          get: (real, key) => key === "streams" ? streams : Reflect.get(real, key),
        });
      };
    },
  });
}

type Publish = JetStreamClientLike["publish"];

/** The same client, which publishes in another way. */
function publishing(client: JetStreamClientLike, by: (publish: Publish) => Publish): JetStreamClientLike {
  const publish = by((...args) => client.publish(...args));
  return new Proxy(client, {
    get(target, name) {
      if (name === "publish") return publish;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The same client, to which the server says so many times that nobody takes what it publishes: of a subject that nobody has. */
function unheard(client: JetStreamClientLike, times: number): JetStreamClientLike {
  return publishing(
    client,
    (publish) => (subject, ...rest) => publish(times-- > 0 ? "nobody" : subject, ...rest),
  );
}

test("JetStream: a stream that is told of before it takes messages is waited for", {
  skip: noNats,
  timeout: 30_000,
}, async () => {
  const own = await server.connect();
  try {
    const backplane = jetStream(unheard(own.client, 5), { stream: "early" });
    const reader = await backplane.open();
    const messages = Array.from({ length: 20 }, (_, i) => ({ messageId: `${i}`, payload: "x" }));
    await Promise.all(messages.map((message) => backplane.append(message)));
    const found = await reader.before(undefined, 100);
    assert.deepEqual(found.map(({ messageId }) => messageId), messages.map(({ messageId }) => messageId));
    reader.close();

    const store = jetStreamStore(unheard(own.client, 5), { stream: "early-work" });
    const made = { epoch: "e", owner: "a", token: "a:1", lease: 1_000, keep: 1_000 };
    assert.equal(await store.create("job", made), true);
    store.close();
  } finally {
    await own.close();
  }
});

test("JetStream: many that find the stream deleted ask once whether it is back, and keep their order", {
  skip: noNats,
  timeout: 30_000,
}, async () => {
  const own = await server.connect();
  let questions = 0;
  const counting = publishing(own.client, (publish) => (subject, payload, options) => {
    if (payload === "") questions++;
    return publish(subject, payload, options);
  });
  try {
    const backplane = jetStream(counting, { stream: "deleted" });
    await backplane.append({ messageId: "first", payload: "x" });
    await (await own.manager()).streams.delete("deleted");
    questions = 0;
    const messages = Array.from({ length: 20 }, (_, i) => ({ messageId: `${i}`, payload: "x" }));
    await Promise.all(messages.map((message) => backplane.append(message)));
    assert.equal(questions, 1);
    const reader = await backplane.open();
    const found = await reader.before(undefined, 100);
    assert.deepEqual(found.map(({ messageId }) => messageId), messages.map(({ messageId }) => messageId));
    reader.close();
  } finally {
    await own.close();
  }
});

test("JetStream: a stream that goes on taking nothing is told of, and nothing of the question is stored", {
  skip: noNats,
  timeout: 30_000,
}, async () => {
  const own = await server.connect();
  try {
    const backplane = jetStream(unheard(own.client, Infinity), { stream: "never" });
    const message = { messageId: "1", payload: "x" };
    await assert.rejects(backplane.append(message), { message: /JetStream stream never: nobody answers/ });
    await jetStream(own.client, { stream: "never" }).append(message);
    const { state } = await (await own.manager()).streams.info("never");
    assert.equal(state.messages, 1);
  } finally {
    await own.close();
  }
});

test("JetStream: what is published while the stream is still asked for is not overtaken", {
  skip: noNats,
  timeout: 30_000,
}, async () => {
  const own = await server.connect();
  const late = deferred();
  try {
    await jetStream(own.client, { stream: "asked" }).open().then((reader) => reader.close());
    const backplane = jetStream(slowToAnswer(own.client, late.promise), { stream: "asked" });
    const opening = backplane.open();
    // These ask for the stream themselves, and their answer comes after the reader's.
    const early = [0, 1, 2].map((i) => backplane.append({ messageId: `early-${i}`, payload: "x" }));
    const reader = await opening;
    const after = [3, 4, 5].map((i) => backplane.append({ messageId: `after-${i}`, payload: "x" }));
    setTimeout(late.resolve, 100);
    await Promise.all([...early, ...after]);
    const found = (await reader.before(undefined, 6)).map(({ messageId }) => messageId);
    assert.deepEqual(found, ["early-0", "early-1", "early-2", "after-3", "after-4", "after-5"]);
    reader.close();
  } finally {
    await own.close();
  }
});
