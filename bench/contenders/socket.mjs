// Serves without HTTP's server either, as the floor: a turn's messages are one buffer, written once to every bare socket.
import { isNode } from "../server/listen.mjs";
import { Topics } from "../server/topics.mjs";

const HOSTNAME = "127.0.0.1";
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** HTTP/1.1's chunked coding. */
const chunk = (text) => `${encoder.encode(text).length.toString(16)}\r\n${text}\r\n`;

const ANSWER = encoder.encode(
  [
    "HTTP/1.1 200 OK",
    "content-type: text/event-stream",
    "cache-control: no-cache",
    "transfer-encoding: chunked",
    "",
    chunk(":\n\n"),
  ].join("\r\n"),
);

export async function start() {
  const topics = new Topics();
  const listen = isNode ? listenNode : "Bun" in globalThis ? listenBun : listenDeno;
  const waiting = new Map();
  const flush = () => {
    for (const [topic, frames] of waiting) {
      const bytes = encoder.encode(chunk(frames.join("")));
      for (const write of topics.members(topic)) write(bytes);
    }
    waiting.clear();
  };
  return {
    port: await listen((head, write) => {
      const topic = /^GET [^ ]*[?&]topic=([^& ]+)/.exec(head)?.[1];
      write(ANSWER);
      return topics.join(topic, write);
    }),
    size: () => topics.size,
    publish({ id, topic, data }) {
      if (waiting.size === 0) queueMicrotask(flush);
      if (!waiting.has(topic)) waiting.set(topic, []);
      waiting.get(topic).push(`id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
    },
  };
}

/** Gathers what a client says until its request is complete. A request has no body here, and there is only one. */
function requestReader(begin) {
  let head = "";
  let leave;
  return {
    read(bytes, write) {
      if (leave !== undefined) return;
      head += decoder.decode(bytes);
      if (head.includes("\r\n\r\n")) leave = begin(head, write);
    },
    left: () => leave?.(),
  };
}

async function listenNode(begin) {
  const { createServer } = await import("node:net");
  const server = createServer({ noDelay: true }, (socket) => {
    const { read, left } = requestReader(begin);
    socket.on("data", (bytes) => read(bytes, (answer) => socket.write(answer)));
    socket.on("error", () => {});
    socket.on("close", left);
  });
  await new Promise((resolve) => server.listen(0, HOSTNAME, resolve));
  return server.address().port;
}

function listenBun(begin) {
  // What the kernel did not take is kept, and written when it takes more.
  const flush = (socket) => {
    const { rest } = socket.data;
    while (rest.length > 0) {
      const taken = socket.write(rest[0]);
      if (taken < rest[0].length) {
        rest[0] = rest[0].subarray(Math.max(0, taken));
        return;
      }
      rest.shift();
    }
  };
  const server = globalThis.Bun.listen({
    hostname: HOSTNAME,
    port: 0,
    socket: {
      open(socket) {
        const rest = [];
        const write = (bytes) => {
          rest.push(bytes);
          if (rest.length === 1) flush(socket);
        };
        socket.data = { ...requestReader(begin), rest, write };
      },
      data: (socket, bytes) => socket.data.read(bytes, socket.data.write),
      drain: flush,
      close: (socket) => socket.data.left(),
      error() {},
    },
  });
  return server.port;
}

function listenDeno(begin) {
  const listener = globalThis.Deno.listen({ hostname: HOSTNAME, port: 0 });
  (async () => {
    for await (const connection of listener) serveDeno(connection, begin);
  })();
  return listener.addr.port;
}

async function serveDeno(connection, begin) {
  connection.setNoDelay(true);
  const { read, left } = requestReader(begin);
  const rest = [];
  // One write at a time, each of which may take only a part.
  const write = async (bytes) => {
    rest.push(bytes);
    if (rest.length > 1) return;
    try {
      while (rest.length > 0) {
        const taken = await connection.write(rest[0]);
        if (taken === rest[0].length) rest.shift();
        else rest[0] = rest[0].subarray(taken);
      }
    } catch {
      // It has left, which the loop below sees.
    }
  };
  const buffer = new Uint8Array(1_024);
  try {
    for (let size; (size = await connection.read(buffer)) !== null;) read(buffer.subarray(0, size), write);
  } catch {
    // It has left with a reset.
  }
  left();
  connection.close();
}
