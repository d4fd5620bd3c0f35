// Serves with better-sse, by a channel for each topic, after its recipes for `node:http` and, elsewhere, the Fetch API.
import { createChannel, createEventBuffer, createResponse, createSession } from "better-sse";
import { History } from "../server/history.mjs";
import { isNode, listenFetch, listenNode, topicOf } from "../server/listen.mjs";

export async function start({ keepalive, history }) {
  const options = keepalive ? {} : { keepAlive: null };
  const kept = new History(history);
  const channels = new Map();
  const channelOf = (topic) => {
    if (!channels.has(topic)) channels.set(topic, createChannel());
    return channels.get(topic);
  };

  // It keeps no history, so the application does; its guide to batching says how many events are sent at once.
  const join = (session, topic) => {
    if (session.lastId !== "") {
      const missed = createEventBuffer();
      for (const { data, id } of kept.after(session.lastId)) missed.push(data, "message", id);
      session.batch(missed);
    }
    channelOf(topic).register(session);
  };

  const port = isNode
    ? await listenNode(async (request, response) => {
      join(await createSession(request, response, options), topicOf(request.url));
    })
    : await listenFetch((request) =>
      createResponse(request, options, (session) => join(session, topicOf(request.url)))
    );
  return {
    port,
    size: () => [...channels.values()].reduce((sum, { sessionCount }) => sum + sessionCount, 0),
    publish(message) {
      kept.add(message);
      channelOf(message.topic).broadcast(message.data, "message", { eventId: message.id });
    },
    // For an application that holds all of a turn's messages in hand.
    publishAll(messages) {
      const buffer = createEventBuffer();
      for (const message of messages) {
        kept.add(message);
        buffer.push(message.data, "message", message.id);
      }
      for (const session of channelOf(messages[0].topic).activeSessions) session.batch(buffer);
    },
  };
}
