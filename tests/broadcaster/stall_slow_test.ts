/**
 * Tests a client that stops reading for 20 s under load, over real sockets: it ends with the whole sequence, or with gaps that
 * say exactly what is missing.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type BroadcasterOptions, type Gap } from "../../mod.ts";
import { RawClient } from "../support/client.ts";
import { type ServerKind, servers } from "../support/servers.ts";
import { sleep, until } from "../support/wait.ts";

const STALL = 20_000;
// 800 KB a second: in 20 s several times what the kernel takes for a client that does not read.
const EVERY = 20;
const AT_ONCE = 4;
const PADDING = "x".repeat(4_000);
const PATIENCE = 60_000;

const KEEPS_ALL = { history: { bytes: 64 << 20 }, lagTimeout: 60_000 };
const KEEPS_A_SECOND = { history: { bytes: 1 << 20 }, lagTimeout: 60_000 };
const FEEDS: Record<string, BroadcasterOptions> = {
  "all is kept": { ...KEEPS_ALL, lagPolicy: "disconnect" },
  "skip": { ...KEEPS_A_SECOND, lagPolicy: "skip" },
  "disconnect": { ...KEEPS_A_SECOND, lagPolicy: "disconnect" },
};

// With its defaults it ends by itself what has not moved for 10 s. The client then comes back.
const CUTS_STALLED = "Bun.serve";

/** What a connection was sent, without HTTP/1.1's chunks. All of it is ASCII. A frame that is cut off is left out. */
function framesOf(body: string): string[] {
  let text = "";
  for (let at = 0; at < body.length;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.slice(at, lineEnd), 16);
    if (lineEnd === -1 || !(size > 0)) break;
    text += body.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return text.split("\n\n").slice(0, -1);
}

const seqOf = (id: string) => Number(id.split("-").at(-1));

/** One client over all its connections, and the sequence that it makes of them. */
class Reader {
  client!: RawClient;
  lastId = "";
  last = 0;
  gaps = 0;
  missed = 0;
  connections = 0;

  async connect(port: number, path: string): Promise<void> {
    this.connections++;
    const headers: Record<string, string> = this.lastId === "" ? {} : { "last-event-id": this.lastId };
    this.client = await RawClient.open(port, { path, headers });
    await this.client.until(/id: \S+\n/);
  }

  /** Reads all that the connection has said. Events are numbered as their ids are. */
  take(): void {
    for (const frame of framesOf(this.client.body)) {
      const id = /^id: (.+)$/m.exec(frame)?.[1];
      if (id === undefined) continue;
      if (frame.includes("event: gap\n")) {
        const gap = JSON.parse(/^data: (.+)$/m.exec(frame)![1]!) as Gap;
        assert.equal(gap.reason, "trimmed");
        assert.equal(gap.requested, this.lastId, "the gap begins where the client is");
        assert.equal(gap.resumedAt, id);
        this.gaps++;
        this.missed += seqOf(id) - this.last;
        this.last = seqOf(id);
      } else if (!frame.includes("event: tidings-cursor\n")) {
        assert.equal(seqOf(id), this.last + 1, "the next event, or a gap before it");
        assert.ok(frame.includes(`data: ${++this.last} ${PADDING}`), "the event is whole");
      }
      this.lastId = id;
    }
  }
}

async function stall(kind: ServerKind): Promise<void> {
  const feeds = Object.values(FEEDS).map((options) => new Broadcaster(options));
  const server = await kind.start((request) =>
    feeds[Number(new URL(request.url).pathname.slice(1))]!.subscribe(request)
  );
  let published = 0;
  const publish = () => {
    for (let i = 0; i < AT_ONCE; i++) {
      published++;
      for (const feed of feeds) void feed.publish(`${published} ${PADDING}`);
    }
  };
  const pairs = feeds.map(() => ({ stalled: new Reader(), beside: new Reader() }));
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    for (const [index, { stalled, beside }] of pairs.entries()) {
      await stalled.connect(server.port, `/${index}`);
      await beside.connect(server.port, `/${index}`);
    }
    timer = setInterval(publish, EVERY);
    await sleep(500);
    for (const { stalled } of pairs) stalled.client.pause();
    await sleep(STALL);
    // The one that is cut off for falling behind no longer lags: it is gone.
    assert.deepEqual(feeds.map((feed) => feed.stats().lagging > 0 || feed.size === 1), [true, true, true]);
    for (const { stalled } of pairs) stalled.client.resume();
    await sleep(500);
    clearInterval(timer);
    await Promise.all(pairs.map(async ({ stalled, beside }, index) => {
      const name = `${kind.name}, ${Object.keys(FEEDS)[index]}`;
      for (;;) {
        const { client } = stalled;
        // A response that is complete leaves the connection open, for another one.
        const over = () => client.closed || client.text.endsWith("\r\n0\r\n\r\n");
        await until(
          () => over() || client.text.includes(`data: ${published} `),
          `${name}: the end`,
          PATIENCE,
        );
        stalled.take();
        if (stalled.last === published) break;
        assert.ok(over(), `${name}: stands at ${stalled.last} of ${published}`);
        client.end();
        await stalled.connect(server.port, `/${index}`);
      }
      await beside.client.until(`data: ${published} `, PATIENCE);
      beside.take();
      assert.deepEqual(
        { last: beside.last, gaps: beside.gaps },
        { last: published, gaps: 0 },
        `${name}, beside`,
      );
      const { gaps, missed, connections } = stalled;
      assert.equal(connections, index === 2 || kind.name === CUTS_STALLED ? 2 : 1, name);
      assert.equal(gaps > 0, index > 0, name);
      assert.equal(missed > 0, index > 0, name);
    }));
  } finally {
    clearInterval(timer);
    for (const { stalled, beside } of pairs) for (const { client } of [stalled, beside]) client?.reset();
    await server.close();
  }
}

test(
  "a client that stops reading for 20 s ends with the whole sequence, or a gap that says what is missing",
  {
    timeout: 150_000,
  },
  async () => {
    await Promise.all(servers.map(stall));
  },
);
