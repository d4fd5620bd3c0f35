/** Tests the upload: codes, pictures, limits, and what its pages are told. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { router } from "../../examples/support/router.ts";
import { createUpload, type UploadOptions } from "../../examples/upload/upload.ts";
import { RawClient } from "../support/client.ts";
import { servers, withServer } from "../support/servers.ts";
import { PATIENCE, sleep } from "../support/wait.ts";
import { Watch } from "../support/watch.ts";

const LIMIT = { timeout: 60_000 };
const EVENTS = "/v1/api/sse/events";
const UPLOAD = "/v1/api/upload";
const HEAD = Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0", "latin1");

/** A picture by its first bytes, which is as far as the server looks. */
const picture = (size: number) => new Uint8Array(Buffer.concat([HEAD, randomBytes(size - HEAD.length)]));
const newIdentifier = () => randomBytes(16).toString("hex");

/** A picture, or what is wrong. */
interface Answer {
  readonly url: string;
  readonly type: string;
  readonly size: number;
  readonly error: { readonly code: string };
}

interface Desk {
  readonly port: number;
  readonly at: (path: string, query?: Record<string, string>) => string;
  /** The upload's own address, for member 1 and this identifier. */
  readonly place: (identifier: string) => string;
  readonly watch: (identifier: string, headers?: Record<string, string>) => Promise<Watch>;
  readonly send: (identifier: string, body: BodyInit) => Promise<{ status: number; answer: Answer }>;
  /** The files that are kept. */
  readonly files: () => Promise<string[]>;
}

/** Runs the system on each server, in a folder of the test's own. */
function uploadTest(name: string, options: UploadOptions, use: (desk: Desk) => Promise<void>): void {
  for (const kind of servers) {
    test(`${name} (${kind.name})`, LIMIT, async () => {
      const parent = await mkdtemp(join(tmpdir(), "tidings-test-"));
      const { routes, close } = createUpload({ ...options, parent, addresses: () => ["192.0.2.7"] });
      const watches: Watch[] = [];
      try {
        await withServer(kind, router(routes), async (port) => {
          const at = (path: string, query: Record<string, string> = {}) =>
            `http://127.0.0.1:${port}${path}?${new URLSearchParams(query)}`;
          const place = (identifier: string) => at(UPLOAD, { member_id: "1", identifier });
          await use({
            port,
            at,
            place,
            async watch(identifier, headers) {
              const query = { event: "upload_by_qr", member_id: "1", identifier };
              const watch = await Watch.open(at(EVENTS, query), headers);
              watches.push(watch);
              return watch;
            },
            async send(identifier, body) {
              const response = await fetch(place(identifier), { method: "POST", body });
              return { status: response.status, answer: await response.json() };
            },
            async files() {
              const folders = await readdir(parent);
              return (await Promise.all(folders.map((folder) => readdir(join(parent, folder))))).flat();
            },
          });
          watches.forEach((watch) => watch.leave());
          await close();
          assert.deepEqual(await readdir(parent), [], "the folder goes with the server");
        });
      } finally {
        watches.forEach((watch) => watch.leave());
        await close();
        await rm(parent, { recursive: true });
      }
    });
  }
}

uploadTest("a parameter that is missing or malformed is named", {}, async ({ at }) => {
  const good = { event: "upload_by_qr", member_id: "1", identifier: newIdentifier() };
  const without = (name: string) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
  const cases: [string, Record<string, string>, string, string][] = [
    [EVENTS, {}, "event", "missing"],
    [EVENTS, without("event"), "event", "missing"],
    [EVENTS, { ...good, event: "x".repeat(65) }, "event", "malformed"],
    [EVENTS, { ...good, event: "two\nlines" }, "event", "malformed"],
    [EVENTS, { ...good, event: "gap" }, "event", "malformed"],
    ...[EVENTS, UPLOAD].flatMap((path): [string, Record<string, string>, string, string][] => [
      [path, without("member_id"), "member_id", "missing"],
      [path, { ...good, member_id: "" }, "member_id", "missing"],
      [path, { ...good, member_id: "0" }, "member_id", "malformed"],
      [path, { ...good, member_id: "-1" }, "member_id", "malformed"],
      [path, { ...good, member_id: "one" }, "member_id", "malformed"],
      [path, { ...good, member_id: "1 OR 1=1" }, "member_id", "malformed"],
      [path, without("identifier"), "identifier", "missing"],
      [path, { ...good, identifier: "a b" }, "identifier", "malformed"],
      [path, { ...good, identifier: "a".repeat(65) }, "identifier", "malformed"],
      [path, { ...good, identifier: "../".repeat(9) }, "identifier", "malformed"],
    ]),
  ];
  for (const [path, query, parameter, code] of cases) {
    for (const method of path === UPLOAD ? ["GET", "POST"] : ["GET"]) {
      const response = await fetch(at(path, query), {
        method,
        ...(method === "POST" ? { body: picture(100) } : {}),
      });
      const { error } = await response.json();
      const what = `${method} ${path} ${JSON.stringify(query)}`;
      assert.equal(response.status, 400, what);
      assert.match(response.headers.get("content-type")!, /^application\/json/);
      assert.deepEqual([error.parameter, error.code], [parameter, code], what);
      assert.match(error.message, new RegExp(`parameter ${parameter} is`));
    }
  }
  const twice = await fetch(`${at(EVENTS, good)}&identifier=${newIdentifier()}`);
  assert.equal(twice.status, 400);
  await twice.text();
});

uploadTest(
  "an upload is pushed at once, to its own code alone, and comes back byte for byte",
  {},
  async (desk) => {
    const [identifier, other] = [newIdentifier(), newIdentifier()];
    const [mine, elsewhere] = [await desk.watch(identifier), await desk.watch(other)];
    assert.deepEqual(await mine.latest("upload_by_qr"), []);
    assert.deepEqual((await mine.latest("code") as { addresses: string[] }).addresses, ["192.0.2.7"]);
    const sent = picture(2_000_000);
    const { status, answer } = await desk.send(identifier, sent);
    assert.equal(status, 201);
    assert.deepEqual(await mine.latest("upload_by_qr", 2), [answer]);
    assert.deepEqual([answer.type, answer.size], ["image/png", 2_000_000]);
    assert.ok(answer.url.includes(`/1/${identifier}/`), answer.url);

    const response = await fetch(desk.at(answer.url));
    assert.equal(response.status, 200);
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sent);
    const header = (name: string) => response.headers.get(name);
    assert.equal(header("content-type"), "image/png");
    assert.equal(header("x-content-type-options"), "nosniff");
    assert.equal(header("content-security-policy"), "default-src 'none'; sandbox");

    await desk.send(identifier, picture(100));
    assert.equal((await mine.latest("upload_by_qr", 3) as unknown[]).length, 2);
    assert.deepEqual(elsewhere.data("upload_by_qr"), [[]], "the other code saw nothing of it");
  },
);

uploadTest(
  "the tutorial's page works as it stands: its short identifier, any event, another origin",
  {},
  async (desk) => {
    const origin = "http://localhost:5173";
    const url = (event: string) => desk.at(EVENTS, { event, member_id: "1", identifier: "efabcoxe" });
    const watches: Watch[] = [];
    for (const event of ["upload_by_qr", "myEvent", "上传", "message", "ended", "a b/c"]) {
      const head = await fetch(url(event), { method: "HEAD", headers: { origin } });
      assert.equal(head.status, 200, event);
      assert.equal(head.headers.get("access-control-allow-origin"), origin);
      assert.equal(head.headers.get("access-control-allow-credentials"), "true");
      const watch = await Watch.open(url(event), { origin });
      watches.push(watch);
      assert.deepEqual(await watch.latest(event), [], event);
    }
    const { status, answer } = await desk.send("efabcoxe", picture(100));
    assert.equal(status, 201);
    for (const [n, event] of ["upload_by_qr", "myEvent", "上传", "message", "ended", "a b/c"].entries()) {
      assert.deepEqual(await watches[n]!.latest(event, 2), [answer]);
      const others = watches[n]!.events.filter((each) =>
        ![event, "code", "tidings-cursor"].includes(each.event)
      );
      assert.deepEqual(others, [], "and nothing under another's name");
    }
    watches.forEach((watch) => watch.leave());
    // Names cost an event each, so a stranger cannot have any number of them.
    const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => {
      const response = await fetch(url(`name-${n}`));
      const { status } = response;
      await response.body?.cancel();
      return status;
    }));
    assert.ok(answers.includes(409), answers.join());
  },
);

uploadTest("one member never gets at another's", {}, async (desk) => {
  const identifier = newIdentifier();
  await (await desk.watch(identifier)).until("code");
  const { answer } = await desk.send(identifier, picture(100));
  const status = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init);
    await response.arrayBuffer();
    return response.status;
  };
  const foreign = { member_id: "2", identifier };
  assert.equal(await status(desk.at(EVENTS, { event: "upload_by_qr", ...foreign })), 403);
  assert.equal(await status(desk.at(UPLOAD, foreign)), 403);
  assert.equal(await status(desk.at(UPLOAD, foreign), { method: "POST", body: picture(100) }), 403);
  assert.equal(await status(desk.at(answer.url.replace("/1/", "/2/"))), 403);
  assert.equal(await status(desk.at(answer.url.replace(identifier, newIdentifier()))), 404);
  assert.equal(await status(desk.at(answer.url.replace(/[^/]*$/, "..%2f..%2fetc%2fpasswd"))), 404);
  assert.equal(await status(desk.at(UPLOAD, { member_id: "1", identifier: newIdentifier() })), 404);
});

uploadTest(
  "what is no picture is refused, whatever it says it is, and nothing stays of it",
  {},
  async (desk) => {
    const identifier = newIdentifier();
    const watch = await desk.watch(identifier);
    await watch.until("code");
    const cases: [BodyInit, string, number][] = [
      ["", "empty", 400],
      [new Blob(["a text"], { type: "image/jpeg" }), "no-picture", 415],
      ["<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no-picture", 415],
      ["<!DOCTYPE html><script>alert(1)</script>".padEnd(300_000), "no-picture", 415],
      ["\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic", 415],
    ];
    for (const [body, code, expected] of cases) {
      const { status, answer } = await desk.send(identifier, body);
      assert.deepEqual([status, answer.error.code], [expected, code]);
    }
    assert.deepEqual(await desk.files(), []);
    assert.equal((await desk.send(identifier, picture(100))).status, 201);
    assert.equal((await watch.latest("upload_by_qr", 2) as unknown[]).length, 1);
  },
);

uploadTest(
  "size, sum and number are limited while the bytes come in, and a refusal gives its room back",
  { largest: 100_000, total: 250_000, most: 3 },
  async (desk) => {
    const identifier = newIdentifier();
    await (await desk.watch(identifier)).until("code");
    const code = async (size: number) => {
      const { status, answer } = await desk.send(identifier, picture(size));
      return status === 201 ? status : [status, answer.error.code];
    };
    assert.deepEqual(await code(100_001), [413, "too-large"]);
    // A body without an end: the answer comes, and the server reads no further.
    const endless = await RawClient.open(desk.port);
    const { pathname, search } = new URL(desk.place(identifier));
    endless.request({ method: "POST", path: pathname + search, headers: { "transfer-encoding": "chunked" } });
    const chunk = picture(20_000);
    for (let n = 0; n < 1_000 && !/^HTTP\/1.1 413/.test(endless.text); n++) {
      endless.send(Buffer.concat([Buffer.from("4e20\r\n"), chunk, Buffer.from("\r\n")]));
      await sleep(2);
    }
    await endless.until(/^HTTP\/1.1 413[^]*too-large/);
    endless.reset();
    assert.deepEqual(await desk.files(), []);

    assert.equal(await code(100_000), 201);
    assert.equal(await code(100_000), 201);
    assert.deepEqual(await code(50_001), [413, "too-much"]);
    assert.equal(await code(50_000), 201);
    assert.deepEqual(await code(100), [409, "too-many"]);
    assert.equal((await desk.files()).length, 3);
  },
);

uploadTest(
  "an upload that breaks off or stalls leaves nothing behind",
  { idle: 300, most: 1 },
  async (desk) => {
    const identifier = newIdentifier();
    const watch = await desk.watch(identifier);
    await watch.until("code");
    const { pathname, search } = new URL(desk.place(identifier));
    const half = async () => {
      const client = await RawClient.open(desk.port);
      client.request({ method: "POST", path: pathname + search, headers: { "content-length": "200000" } });
      client.send(picture(100_000));
      await untilFiles(desk, 1);
      return client;
    };
    (await half()).reset();
    await untilFiles(desk, 0);
    await (await half()).until(/^HTTP\/1.1 408[^]*too-slow/);
    await untilFiles(desk, 0);
    // Both have given back their place, which is the only one.
    await sleep(50);
    assert.equal((await desk.send(identifier, picture(100))).status, 201);
    assert.deepEqual((await watch.latest("upload_by_qr", 2) as unknown[]).length, 1);
  },
);

async function untilFiles(desk: Desk, count: number): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  for (let files; (files = await desk.files()).length !== count;) {
    assert.ok(performance.now() < deadline, `there are ${files.length} files, not ${count}`);
    await sleep(5);
  }
}

uploadTest(
  "the stream ends with its code, and nothing comes back to life",
  { lifetime: 700 },
  async (desk) => {
    const identifier = newIdentifier();
    const watch = await desk.watch(identifier);
    await watch.until("code");
    const { answer } = await desk.send(identifier, picture(100));
    await watch.untilEnded();
    assert.deepEqual(watch.data("ended"), [{ pictures: 1 }]);
    const status = async (url: string, init?: RequestInit) => {
      const response = await fetch(url, init);
      await response.arrayBuffer();
      return response.status;
    };
    // 204 is how an EventSource is told not to come back.
    assert.equal(await status(desk.at(EVENTS, { event: "upload_by_qr", member_id: "1", identifier })), 204);
    assert.equal(await status(desk.place(identifier)), 410);
    assert.equal(await status(desk.place(identifier), { method: "POST", body: picture(100) }), 410);
    assert.equal(await status(desk.at(answer.url)), 410);
    await untilFiles(desk, 0);
  },
);

uploadTest("who comes back gets the list of now, first and once", {}, async (desk) => {
  const identifier = newIdentifier();
  const first = await desk.watch(identifier);
  await first.until("code");
  for (let n = 1; n <= 3; n++) await desk.send(identifier, picture(100 + n));
  await first.until("upload_by_qr", 4);
  const { lastEventId } = first.events.find(({ event }) => event === "upload_by_qr")!;
  first.leave();
  for (const headers of [{}, { "last-event-id": lastEventId }, { "last-event-id": "of-an-earlier-life-1" }]) {
    const again = await desk.watch(identifier, headers as Record<string, string>);
    assert.equal((await again.latest("upload_by_qr") as unknown[]).length, 3);
    await sleep(100);
    const names = again.events.map(({ event }) => event).filter((name) => name !== "tidings-cursor");
    assert.deepEqual(names, ["code", "upload_by_qr"]);
    again.leave();
  }
});

test("the stream says when to come back, and what it is", LIMIT, async () => {
  const { routes, close } = createUpload();
  await withServer(servers[0]!, router(routes), async (port) => {
    const client = await RawClient.open(port, {
      path: `${EVENTS}?event=upload_by_qr&member_id=1&identifier=${newIdentifier()}`,
    });
    const text = await client.until(/event: upload_by_qr\n[^]*data: \[\]\n/);
    assert.match(text, /content-type: text\/event-stream/i);
    assert.match(text, /^retry: 2000$/m);
    client.end();
    await close();
  });
});
