// Tests examples whose events lie in a file: killed and started again, they go on where they were.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Example } from "../support/example.ts";
import { SqliteFile, sqliteKinds } from "../support/sqlite.ts";

const builtin = sqliteKinds.find(({ isBuiltin }) => isBuiltin);

/** Reads a stream until there is an event with data that the test is waiting for, and gives its id and the data before it. */
async function readUntil(
  url: string,
  isLast: (data: string, count: number) => boolean,
  lastEventId?: string,
): Promise<{ id: string; data: string[] }> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await fetch(url, { headers });
  assert.equal(response.status, 200);
  const data: string[] = [];
  let text = "";
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The stream ended after ${data.join(", ")}`);
    const frames = (text + decoder.decode(value, { stream: true })).split("\n\n");
    text = frames.pop()!;
    for (const frame of frames) {
      const id = /^id: (.*)$/m.exec(frame)?.[1];
      if (id === undefined || frame.includes("event: tidings-cursor")) continue;
      data.push(/^event: gap$/m.test(frame) ? "gap" : /^data: (.*)$/m.exec(frame)?.[1] ?? "");
      if (!isLast(data.at(-1)!, data.length)) continue;
      await reader.cancel();
      return { id, data };
    }
  }
}

test(
  "the named events go on after kill -9 where they were, with DATA",
  { skip: builtin === undefined && "this runtime has no SQLite of its own", timeout: 90_000 },
  async () => {
    const file = new SqliteFile(builtin!);
    const start = () => new Example("named-events/server.ts", { PORT: "0", DATA: file.path }).ready();
    let example = await start();
    try {
      const before = await readUntil(`${example.url}/events`, (_, count) => count === 2);
      // What is published after that, before the end.
      const missed = await readUntil(`${example.url}/events`, (_, count) => count === 2);
      example.signal("SIGKILL");
      await example.ended();
      example = await start();
      const { data } = await readUntil(`${example.url}/events`, (_, count) => count === 6, before.id);
      assert.deepEqual(data.slice(0, missed.data.length), missed.data);
      assert.ok(!data.includes("gap"), data.join(", "));
    } finally {
      example.signal("SIGKILL");
      await example.ended();
      file.remove();
    }
  },
);
