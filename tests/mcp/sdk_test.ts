/** Tests the event store with the official SDK: its client, and its transports of 1.x and of 2.x, over real connections. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, ResumableStreams } from "../../lib/resumable/mod.ts";
import { Counting, mcpClient, McpProcess, type SdkVersion } from "../support/mcp.ts";
import { Relay } from "../support/relay.ts";
import { until, within } from "../support/wait.ts";

const STEPS = 12;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

interface Plan {
  readonly version: SdkVersion;
  readonly resumedBy: "resume" | "transport";
  /** Where the client comes back to. */
  readonly place: "the same process" | "another process";
}

async function callAcrossCuts({ version, resumedBy, place }: Plan): Promise<void> {
  const store = memoryStore();
  // Both streams' objects stand on the one store of this process, which is closed at the end.
  const open = () =>
    new ResumableStreams({ store: new Proxy(store, { get: (target, name) => sharedMember(target, name) }) });
  const all = [open(), open()];
  const counting = new Counting(STEPS);
  const processes = await Promise.all(
    all.map((streams) => McpProcess.start({ version, streams, counting, resumedBy })),
  );
  const [first, second] = processes as [McpProcess, McpProcess];
  const relay = await Relay.start(first.port);
  const client = await mcpClient(relay.port);
  try {
    const seen: number[] = [];
    const call = client.callTool({ name: "count", arguments: {} }, undefined, {
      onprogress: ({ progress }) => void seen.push(progress),
      timeout: 60_000,
    });
    call.catch(() => {});
    const reach = async (step: number) => {
      counting.allowed = step;
      await until(() => seen.length >= step, `the client has step ${step}, after ${seen}`);
    };
    await reach(3);
    relay.aim(place === "another process" ? second.port : first.port);
    // While nobody is connected it goes on.
    counting.allowed = 6;
    await until(() => counting.reached >= 6, "it goes on");
    await reach(6);
    // And while somebody is connected again.
    await reach(8);
    relay.cut();
    await reach(10);
    await reach(STEPS);
    counting.allowed = STEPS + 1;
    const result = await within(call, "the result") as { content: { text: string }[] };
    assert.equal(result.content[0]!.text, `counted to ${STEPS}`);
    assert.deepEqual(seen, range(1, STEPS));
    assert.deepEqual(counting.errors, []);
    // The session goes on where it began.
    relay.aim(first.port);
    assert.equal((await client.listTools()).tools.length, 1);
  } finally {
    await client.close();
    await relay.close();
    await Promise.all(processes.map((each) => each.close()));
    await Promise.all(all.map((streams) => streams.close()));
    store.close();
  }
}

/** As the store's own, but that of one process closes only for itself. */
function sharedMember(store: ReturnType<typeof memoryStore>, name: string | symbol): unknown {
  if (name === "close") return () => {};
  const member: unknown = Reflect.get(store, name, store);
  return typeof member === "function" ? member.bind(store) : member;
}

for (const version of ["1.x", "2.x"] as const) {
  for (const resumedBy of ["resume", "transport"] as const) {
    for (const place of ["the same process", "another process"] as const) {
      const by = resumedBy === "resume" ? "resume()" : "the transport";
      test(`SDK ${version}: a call whose connection breaks goes on at ${place}, by ${by}`, {
        timeout: 90_000,
      }, () => callAcrossCuts({ version, resumedBy, place }));
    }
  }
}
