// Serves without a library, to show what the runtime alone costs: one buffer a message is written to every client.
import { History } from "../server/history.mjs";
import { isNode, listenFetch, listenNode, topicOf } from "../server/listen.mjs";
import { Topics } from "../server/topics.mjs";

const encoder = new TextEncoder();
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-cache" };
const HELLO = encoder.encode(":\n\n");
// How many messages may wait for a client, where those that find no room are skipped.
const ROOM = 16;

/**
 * With `requests` it makes and keeps a request for each client, whose signal tells that the client left. With `skips` it writes
 * nothing to a client for whom messages wait. See `FLOOR`.
 */
export async function start({ history, requests, skips }) {
  const kept = new History(history);
  const topics = new Topics();
  const encode = ({ id, data }) => {
    const bytes = encoder.encode(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
    kept.add({ id, bytes });
    return bytes;
  };

  const missedBy = (last) => last ? kept.after(last) : [];

  const listenWithNode = () =>
    listenNode((request, response) => {
      response.writeHead(200, HEADERS);
      response.write(HELLO);
      for (const { bytes } of missedBy(request.headers["last-event-id"])) response.write(bytes);
      response.on("close", topics.join(topicOf(request.url), response));
      if (requests) response.request = requestOf(request, response);
    });

  const listenWithFetch = () =>
    listenFetch((request) => {
      let leave;
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(HELLO);
          for (const { bytes } of missedBy(request.headers.get("last-event-id"))) controller.enqueue(bytes);
          leave = topics.join(topicOf(request.url), controller);
          if (!requests) return;
          controller.request = request;
          request.signal.addEventListener("abort", leave);
        },
        cancel: () => leave(),
      }, skips ? { highWaterMark: ROOM } : undefined);
      return new Response(body, { headers: HEADERS });
    });

  return {
    port: await (isNode ? listenWithNode() : listenWithFetch()),
    size: () => topics.size,
    publish: isNode
      ? (message) => {
        const bytes = encode(message);
        for (const response of topics.members(message.topic)) {
          if (!skips || response.writableLength < ROOM * bytes.length) response.write(bytes);
        }
      }
      : (message) => {
        const bytes = encode(message);
        for (const controller of topics.members(message.topic)) {
          if (!skips || controller.desiredSize > 0) controller.enqueue(bytes);
        }
      },
  };
}

function requestOf({ method, url, headers: { host }, rawHeaders }, response) {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const leaving = new AbortController();
  response.on("close", () => leaving.abort());
  return new Request(`http://${host}${url}`, { method, headers, signal: leaving.signal });
}
