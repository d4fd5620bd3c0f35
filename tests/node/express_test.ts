/** Tests toNodeListener inside the real Express, in front of and behind its parsers and routers. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { type FetchHandler, toNodeListener } from "../../lib/node/mod.ts";
import { RawClient } from "../support/client.ts";
import { express, type Middleware, withApp } from "../support/express.ts";
import { deferred, until, within } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };

/** Tells what arrived: the body's text, and the headers that speak of it. */
const echo: FetchHandler = async (request) => {
  const { headers } = request;
  const names = ["content-type", "content-length", "content-encoding", "transfer-encoding"];
  const about = Object.fromEntries(names.map((name) => [name, headers.get(name)]));
  return Response.json({ text: await request.text(), ...about });
};

interface Echo {
  readonly text: string;
  readonly [header: string]: string | null;
}

/** What a handler behind these steps gets of a body. */
async function behind(steps: Middleware[], type: string | undefined, body: BodyInit, headers = {}) {
  let got!: Echo;
  await withApp(
    (app) => app.use(...steps, toNodeListener(echo)),
    async (url) => {
      const response = await fetch(url, {
        method: "POST",
        body,
        headers: { ...(type === undefined ? {} : { "content-type": type }), ...headers },
      });
      assert.equal(response.status, 200);
      got = await response.json();
    },
  );
  return got;
}

/** The error that reading the body ends with behind these steps. */
async function failure(steps: Middleware[], type: string, body: BodyInit): Promise<Error> {
  let error: unknown;
  const handler: FetchHandler = async (request) => {
    error = await request.text().catch((error: unknown) => error);
    return new Response("read");
  };
  await withApp((app) => app.use(...steps, toNodeListener(handler)), async (url) => {
    const response = await fetch(url, { method: "POST", body, headers: { "content-type": type } });
    assert.equal(await response.text(), "read");
  });
  assert.ok(error instanceof Error, `${error}`);
  return error;
}

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

// --- Bodies --------------------------------------------------------------------------------------------------------

test("what json() has parsed is handed on as JSON, with its length", LIMIT, async () => {
  const got = await behind([express.json()], JSON_TYPE, '{ "name" : "wörld", "list": [1, null] }');
  const text = '{"name":"wörld","list":[1,null]}';
  assert.deepEqual(got, {
    text,
    "content-type": JSON_TYPE,
    "content-length": String(new TextEncoder().encode(text).length),
    "content-encoding": null,
    "transfer-encoding": null,
  });
});

test("what json() has unpacked and decoded is no longer said to be packed", LIMIT, async () => {
  const utf16 = new Uint8Array(Uint16Array.from('{"a":"ö"}', (char) => char.charCodeAt(0)).buffer);
  const type = "application/json; charset=utf-16le; profile=x";
  const got = await behind([express.json()], type, gzipSync(utf16), { "content-encoding": "gzip" });
  assert.equal(got.text, '{"a":"ö"}');
  assert.equal(got["content-type"], "application/json; charset=utf-8; profile=x");
  assert.equal(got["content-encoding"], null);
  assert.equal(got["content-length"], "10");
});

test("a body that comes in chunks is no longer said to", LIMIT, async () => {
  await withApp((app) => app.use(express.json(), toNodeListener(echo)), async (url) => {
    const client = await RawClient.open(Number(new URL(url).port), {
      method: "POST",
      headers: { "content-type": JSON_TYPE, "transfer-encoding": "chunked", connection: "close" },
    });
    client.send('3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n');
    const text = await client.untilClosed();
    assert.match(text, /"content-length":"7"/);
    assert.match(text, /"transfer-encoding":null/);
    assert.ok(text.includes(JSON.stringify('{"a":1}')), text);
  });
});

test("what json() has parsed of a single value is handed on", LIMIT, async () => {
  for (const value of ["5", "true", "[]"]) {
    assert.equal((await behind([express.json({ strict: false })], JSON_TYPE, value)).text, value);
  }
});

test("what urlencoded() has parsed is handed on as a form, nested or not", LIMIT, async () => {
  const form = "a=1&a=2&city=S%C3%A3o+Paulo&empty=";
  for (const extended of [true, false]) {
    const got = await behind([express.urlencoded({ extended })], FORM_TYPE, form);
    assert.equal(got.text, form);
    assert.equal(got["content-length"], String(form.length));
  }
  const nested = await behind(
    [express.urlencoded({ extended: true })],
    FORM_TYPE,
    "user[name]=x&user[tags][]=1&user[tags][]=2&rows[0][id]=7",
  );
  assert.deepEqual([...new URLSearchParams(nested.text)], [
    ["user[name]", "x"],
    ["user[tags]", "1"],
    ["user[tags]", "2"],
    ["rows[0][id]", "7"],
  ]);
});

test("what raw() and text() have read is handed on as it is", LIMIT, async () => {
  const bytes = new Uint8Array([0, 255, 10, 13]);
  let got: Uint8Array | undefined;
  await withApp(
    (app) =>
      app.use(
        express.raw(),
        toNodeListener(async (request) => {
          got = new Uint8Array(await request.arrayBuffer());
          return new Response();
        }),
      ),
    async (url) => {
      await fetch(url, {
        method: "POST",
        body: bytes,
        headers: { "content-type": "application/octet-stream" },
      });
    },
  );
  assert.deepEqual(got, bytes);
  assert.equal((await behind([express.text()], "text/plain", "hello, wörld")).text, "hello, wörld");
});

test("the bytes that a parser kept as rawBody are preferred: a signature is of these", LIMIT, async () => {
  const keep = express.json({
    verify: (request: { rawBody?: unknown }, _: unknown, bytes: unknown) => request.rawBody = bytes,
  });
  assert.equal((await behind([keep], JSON_TYPE, '{ "a" : 1 }')).text, '{ "a" : 1 }');
});

test("an empty body stays empty, whatever a parser makes of it", LIMIT, async () => {
  assert.equal((await behind([express.json()], JSON_TYPE, "")).text, "");
  assert.equal((await behind([express.urlencoded()], FORM_TYPE, "")).text, "");
});

test(
  "a body that no parser wanted is read from the socket, though something is in req.body",
  LIMIT,
  async () => {
    // Express 4 puts an empty object there.
    const four: Middleware = (request, _response, next) => {
      request.body = {};
      next();
    };
    const parsers = [express.json(), express.urlencoded(), express.text()];
    for (const steps of [parsers, [four], []]) {
      assert.equal((await behind(steps, "application/octet-stream", "as it is")).text, "as it is");
    }
    const large = "x".repeat(1 << 20);
    assert.equal((await behind(parsers, "application/octet-stream", large)).text.length, large.length);
  },
);

test("a parsed body is there for a handler that takes its time", LIMIT, async () => {
  const late: FetchHandler = async (request) => {
    // Node closes a request that was read to its end.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return new Response(await request.text());
  };
  await withApp((app) => app.use(express.json(), toNodeListener(late)), async (url) => {
    const response = await fetch(url, {
      method: "POST",
      body: "[1]",
      headers: { "content-type": JSON_TYPE },
    });
    assert.equal(await response.text(), "[1]");
  });
});

test("a body that was read and is nowhere says so, and what to do", LIMIT, async () => {
  const readsAway: Middleware = (request, _response, next) => {
    request.on("data", () => {});
    request.on("end", next);
  };
  const { message } = await failure([readsAway], "text/plain", "gone");
  assert.equal(
    message,
    "The request's body was read before toNodeListener, and req.body is undefined: mount the listener before whatever " +
      "reads the body, or let that leave what it read in req.body",
  );
});

test("so does a body that was read in part", LIMIT, async () => {
  const readsSome: Middleware = (request, _response, next) => {
    request.once("data", () => {
      request.pause();
      next();
    });
  };
  const { message } = await failure([readsSome], "text/plain", "x".repeat(1 << 20));
  assert.match(
    message,
    /^Some of the request's body was read before toNodeListener: mount the listener before /,
  );
});

test("so does one of which no bytes can be made again", LIMIT, async () => {
  const leaves = (body: unknown): Middleware => (request, _response, next) => {
    request.on("data", () => {});
    request.on("end", () => {
      request.body = body;
      next();
    });
  };
  const multipart = await failure([leaves({ field: "x" })], "multipart/form-data; boundary=x", "--x--");
  assert.match(
    multipart.message,
    /read before toNodeListener, and a multipart body cannot be made again .*mount the listener before /,
  );
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const circular = await failure([leaves(circle)], JSON_TYPE, "{}");
  assert.match(
    circular.message,
    /read before toNodeListener, and req\.body cannot be written as JSON: mount/,
  );
  assert.ok(circular.cause instanceof TypeError);
});

// --- Mounted -------------------------------------------------------------------------------------------------------

test("in a mounted router the URL is the one that was asked for", LIMIT, async () => {
  const tell = toNodeListener(({ url }) => new Response(url));
  await withApp((app) => {
    const inner = express.Router();
    inner.use("/events", tell);
    app.use("/api/v1", inner);
    app.use("/mounted", tell);
    app.use(tell);
  }, async (url) => {
    for (
      const path of [
        "/api/v1/events/a?b=c",
        "/api/v1/events?d",
        "/mounted",
        "/mounted?x",
        "/else//where",
        "/",
      ]
    ) {
      assert.equal(await (await fetch(url + path)).text(), url + path);
    }
    // As a proxy is asked.
    const client = await RawClient.open(Number(new URL(url).port), {
      path: "http://other.example/mounted/y",
      headers: { connection: "close" },
    });
    assert.match(await client.untilClosed(), /http:\/\/other\.example\/mounted\/y/);
  });
});

// --- Departure -----------------------------------------------------------------------------------------------------

test("a client that left while another step was busy is not served any more", LIMIT, async () => {
  let calls = 0;
  const waiting = deferred();
  const passedOn = deferred();
  await withApp((app) => {
    app.use((request, response, next) => {
      if (request.url !== "/slow") return next();
      waiting.resolve();
      response.once("close", () =>
        setTimeout(() => {
          next();
          passedOn.resolve();
        }));
    });
    app.use(toNodeListener(() => {
      calls++;
      return new Response("served");
    }));
  }, async (url) => {
    const client = await RawClient.open(Number(new URL(url).port), { path: "/slow" });
    await within(waiting.promise, "the step is busy");
    client.reset();
    await within(passedOn.promise, "the request is passed on");
    assert.equal(await (await fetch(url)).text(), "served");
    await until(() => calls > 0, "the next client is served");
    assert.equal(calls, 1);
  });
});
