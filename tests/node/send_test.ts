// Tests how toNodeListener sends bodies that are no event streams: whole where all of it is there, else as they come.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { textResponse } from "../../lib/base/text_response.ts";
import { createSSEResponse } from "../../mod.ts";
import { toNodeListener } from "../../lib/node/mod.ts";
import { RawClient } from "../support/client.ts";
import { listening, using } from "../support/listening.ts";
import { runtime } from "../support/runtime.ts";
import { startTransport, whyNot } from "../support/transports.ts";
import { sleep, until } from "../support/wait.ts";

/** A body of these chunks, with a pause before each but the first. */
function body(chunks: readonly unknown[], pause?: number): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    async pull(controller) {
      if (next > 0 && pause !== undefined) await sleep(pause);
      if (next < chunks.length) controller.enqueue(chunks[next++] as Uint8Array);
      else controller.close();
    },
  });
}

const bytes = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
const large = new Uint8Array(300_000).map((_, index) => index * 7 % 256);

const BODIES: [string, () => BodyInit | null, Uint8Array, string | undefined][] = [
  ["text", () => "grüße €😀", new TextEncoder().encode("grüße €😀"), "15"],
  ["no text", () => "", new Uint8Array(0), "0"],
  ["bytes of every value", () => bytes, bytes, "512"],
  ["a part of a buffer", () => bytes.subarray(100, 200), bytes.subarray(100, 200), "100"],
  [
    "several chunks that are there",
    () => body([bytes, bytes.subarray(0, 5)]),
    concat(bytes, bytes.subarray(0, 5)),
    "517",
  ],
  ["chunks that come later", () => body([bytes, bytes], 20), concat(bytes, bytes), undefined],
  ["a body that ends later", () => body([bytes], 20), bytes, undefined],
  ["more than is read ahead", () => body([large, large, bytes]), concat(large, large, bytes), undefined],
];

function concat(...chunks: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

for (const [name, make, expected, length] of BODIES) {
  test(`${name}: all of it arrives, ${length === undefined ? "in chunks" : `its length is told: ${length}`}`, async () => {
    await using(() => new Response(make()), async (port) => {
      for (let round = 0; round < 2; round++) {
        const response = await fetch(`http://127.0.0.1:${port}/`);
        assert.deepEqual(new Uint8Array(await response.arrayBuffer()), expected);
        // The other runtimes' own layers choose for themselves.
        if (runtime === "node") assert.equal(response.headers.get("content-length"), length ?? null);
      }
    });
  });
}

test("a text that is known is sent with its length, and to HEAD without the text", async () => {
  const text = "grüße €😀";
  await using(() => textResponse(text, { headers: { "x-a": "1" } }), async (port) => {
    for (const method of ["GET", "HEAD", "GET"]) {
      const response = await fetch(`http://127.0.0.1:${port}/`, { method });
      assert.equal(response.headers.get("x-a"), "1");
      if (runtime === "node" && method === "GET") assert.equal(response.headers.get("content-length"), "15");
      assert.equal(await response.text(), method === "GET" ? text : "");
    }
  });
});

for (const name of ["HTTPS", "HTTP/2"] as const) {
  test(`over ${name} a body that is there arrives with its length`, { skip: whyNot(name) }, async () => {
    const known = () => textResponse("grüße €😀", {});
    for (
      const make of [
        known,
        () => new Response("grüße €😀"),
        () => new Response(body([new TextEncoder().encode("grüße €😀")])),
      ]
    ) {
      const transport = await startTransport(name, make);
      try {
        const { text, headers, end } = await transport.ask().ended();
        assert.deepEqual([text, headers["content-length"], end], ["grüße €😀", "15", "complete"]);
      } finally {
        await transport.close();
      }
    }
  });
}

test("a body that comes later keeps the length that its handler gave", async () => {
  await using(
    () =>
      new Response(body(["x".repeat(3), "y"].map((text) => new TextEncoder().encode(text)), 20), {
        headers: { "content-length": "4" },
      }),
    async (port) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      assert.equal(response.headers.get("content-length"), "4");
      assert.equal(await response.text(), "xxxy");
    },
  );
});

test("the first piece of a body arrives before the second is there", async () => {
  let goOn!: () => void;
  const later = new Promise<void>((resolve) => goOn = resolve);
  const slow = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes.subarray(65, 70));
      await later;
      controller.close();
    },
  });
  await using(() => new Response(slow), async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    const reader = response.body!.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "ABCDE");
    goOn();
    assert.equal((await reader.read()).done, true);
  });
});

for (
  const [name, chunks] of [["at once", []], ["after its first piece", [bytes.subarray(65, 70)]]] as const
) {
  test(`a body that fails ${name} is cut off, after what came before`, async () => {
    let next = 0;
    const failing = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (next < chunks.length) controller.enqueue(chunks[next++]!);
          else controller.error(new Error("as it was asked to"));
        },
      }, { highWaterMark: 0 });
    await using(() => new Response(failing()), async (port) => {
      const client = await RawClient.open(port);
      client.request();
      await client.untilClosed();
      assert.match(client.text, /^HTTP\/1\.1 200 /);
      assert.equal(client.text.includes("ABCDE"), chunks.length > 0);
      assert.ok(!client.text.endsWith("0\r\n\r\n"), "not a regular end");
    });
  });
}

test("a head that cannot be sent cuts the response off, and cancels the body or ends the stream", {
  skip: runtime !== "node" && "what is tried here is Node's own check",
}, async (t) => {
  t.mock.method(console, "error", () => {});
  const ends: string[] = [];
  const make: Record<string, (request: Request) => Response> = {
    "/body": () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => sleep(5).then(() => controller.enqueue(bytes)),
          cancel: () => void ends.push("cancelled"),
        }),
      ),
    "/stream": (request) =>
      createSSEResponse(request, () => {}, { onClose: ({ reason }) => void ends.push(reason) }),
  };
  await using((request) => {
    const response = make[new URL(request.url).pathname]!(request);
    Object.defineProperty(response, "statusText", { value: "no\r\nreason" });
    return response;
  }, async (port) => {
    for (const path of Object.keys(make)) {
      const client = await RawClient.open(port, { path });
      await client.untilClosed();
      assert.equal(client.text, "");
    }
  });
  assert.deepEqual(ends, ["cancelled", "client"]);
});

test("a pipelined answer with its length follows what was said to its client before it", {
  skip: runtime !== "node" && "only Node's own server says 100 Continue by itself",
}, async () => {
  let goOn!: () => void;
  const later = new Promise<void>((resolve) => goOn = resolve);
  let second = false;
  await using(async (request) => {
    if (new URL(request.url).pathname === "/first") await later;
    else second = true;
    return new Response("answer");
  }, async (port) => {
    const client = await RawClient.open(port, undefined);
    client.send("GET /first HTTP/1.1\r\nhost: x\r\n\r\n");
    client.send("POST /second HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n1");
    while (!second) await sleep(5);
    await sleep(20);
    goOn();
    await client.until("answerHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
    await client.until("\r\n\r\nanswer");
    client.reset();
  });
});

test("a coding that the handler gave is no length's companion", {
  skip: runtime !== "node" && "what is tried here is Node's own chunks",
}, async () => {
  const headers = { "transfer-encoding": "chunked" };
  await using(() => new Response("answer", { headers }), async (port) => {
    const response = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(response.headers.get("content-length"), null);
    assert.equal(await response.text(), "answer");
  });
});

test("a body that holds something other than bytes is cut off", {
  skip: runtime !== "node" && "the other runtimes refuse such a body by themselves",
}, async () => {
  await using(() => new Response(body([5])), async (port) => {
    const client = await RawClient.open(port);
    client.request();
    await client.untilClosed();
    assert.ok(!client.text.endsWith("0\r\n\r\n"), "not a regular end");
    assert.doesNotMatch(client.text, /content-length/i);
  });
});

test("a body that somebody else is reading is a bare 500, and the operator is told", async (t) => {
  const printed = t.mock.method(console, "error", () => {});
  const make: Record<string, (request: Request) => Response> = {
    "/stream": (request) => createSSEResponse(request, ["a secret"]),
    "/body": () => new Response(body([bytes])),
  };
  await using((request) => {
    const response = make[new URL(request.url).pathname]!(request);
    response.body!.getReader();
    return response;
  }, async (port) => {
    for (const path of Object.keys(make)) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal(response.status, 500);
      assert.equal(await response.text(), "Internal Server Error");
    }
  });
  assert.equal(printed.mock.callCount(), 2);
  assert.match(String(printed.mock.calls[0]!.arguments), /being read by somebody else/);
});

test("nothing is written to a client that left while the first of several chunks waited", {
  skip: runtime !== "node" && "what is tried here is Node's own response",
}, async () => {
  let writes = 0;
  const answer = toNodeListener(() => new Response(body([large.subarray(0, 40_000), bytes, bytes, large])));
  await listening((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { write } = outgoing;
    outgoing.write = ((chunk: Uint8Array) => {
      writes++;
      write.call(outgoing, chunk, "utf8");
      // As if the socket were full, and the client then left.
      incoming.socket.destroy();
      return false;
    }) as typeof write;
    answer(incoming, outgoing);
  }, async (port) => {
    const client = await RawClient.open(port);
    client.request();
    await client.untilClosed();
    await until(() => writes > 0, "the first chunk is written");
    await sleep(50);
    assert.equal(writes, 1);
  });
});
