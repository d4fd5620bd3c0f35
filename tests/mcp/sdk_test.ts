/** Tests the event store with the official SDK: its client, and its transports of 1.x and of 2.x, over real connections. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore, ResumableStreams } from "../../lib/resumable/mod.ts";
import { BURSTS, Counting, mcpClient, McpProcess, noSdk, type SdkVersion } from "../support/mcp.ts";
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

/** Two processes, and a client that reaches the one or the other by a relay. */
interface Place {
  readonly counting: Counting;
  readonly relay: Relay;
  readonly ports: readonly [number, number];
  /** Calls a tool. What it reports goes into `seen`. */
  call(name: string, seen: number[]): Promise<string>;
  /** How many tools there are: one more call, to the process that the session began on. */
  tools(): Promise<number>;
}

async function inPlace(
  version: SdkVersion,
  resumedBy: "resume" | "transport",
  use: (place: Place) => Promise<void>,
): Promise<void> {
  const store = memoryStore();
  const open = () =>
    new ResumableStreams({ store: new Proxy(store, { get: (target, name) => sharedMember(target, name) }) });
  const all = [open(), open()];
  const counting = new Counting(STEPS);
  const processes = await Promise.all(
    all.map((streams) => McpProcess.start({ version, streams, counting, resumedBy })),
  );
  const ports = processes.map(({ port }) => port) as [number, number];
  const relay = await Relay.start(ports[0]);
  const client = await mcpClient(relay.port);
  try {
    await use({
      counting,
      relay,
      ports,
      async call(name, seen) {
        const onprogress = ({ progress }: { progress: number }) => void seen.push(progress);
        const options = { onprogress, timeout: 60_000 };
        const { content } = await client.callTool({ name, arguments: {} }, undefined, options);
        return (content as { text: string }[])[0]!.text;
      },
      async tools() {
        relay.aim(ports[0]);
        return (await client.listTools()).tools.length;
      },
    });
    assert.deepEqual(counting.errors, []);
  } finally {
    await client.close();
    await relay.close();
    await Promise.all(processes.map((each) => each.close()));
    await Promise.all(all.map((streams) => streams.close()));
    store.close();
  }
}

const callAcrossCuts = ({ version, resumedBy, place }: Plan) =>
  inPlace(version, resumedBy, async ({ counting, relay, ports, call, tools }) => {
    const seen: number[] = [];
    const calling = call("count", seen);
    calling.catch(() => {});
    const reach = async (step: number) => {
      counting.allowed = step;
      await until(() => seen.length >= step, `the client has step ${step}, after ${seen}`);
    };
    await reach(3);
    relay.aim(ports[place === "another process" ? 1 : 0]);
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
    assert.equal(await within(calling, "the result"), `counted to ${STEPS}`);
    assert.deepEqual(seen, range(1, STEPS));
    // The session goes on where it began.
    assert.equal(await tools(), 2);
  });

const burstAcrossCuts = (version: SdkVersion, resumedBy: "resume" | "transport") =>
  inPlace(version, resumedBy, async ({ relay, ports, call }) => {
    const seen: number[] = [];
    let isOver = false;
    const calling = call("burst", seen).finally(() => isOver = true);
    calling.catch(() => {});
    const isThrough = () => isOver || seen.length === BURSTS;
    await until(() => seen.length > 0, "it has begun");
    for (let cuts = 1; !isThrough(); cuts++) {
      relay.aim(ports[cuts % 3 === 0 ? 1 : 0]!);
      const before = seen.length;
      await until(() => isThrough() || seen.length > before, "the client is back");
    }
    assert.equal(await within(calling, "the result"), "done");
    assert.deepEqual(seen, range(1, BURSTS));
  });

/** As the store's own, but that of one process closes only for itself. */
function sharedMember(store: ReturnType<typeof memoryStore>, name: string | symbol): unknown {
  if (name === "close") return () => {};
  const member: unknown = Reflect.get(store, name, store);
  return typeof member === "function" ? member.bind(store) : member;
}

for (const version of ["1.x", "2.x"] as const) {
  for (const resumedBy of ["resume", "transport"] as const) {
    const by = resumedBy === "resume" ? "resume()" : "the transport";
    for (const place of ["the same process", "another process"] as const) {
      test(`SDK ${version}: a call whose connection breaks goes on at ${place}, by ${by}`, {
        skip: noSdk,
        timeout: 90_000,
      }, () => callAcrossCuts({ version, resumedBy, place }));
    }
    test(`SDK ${version}: bursts of messages while connections break again and again, by ${by}`, {
      skip: noSdk,
      timeout: 90_000,
    }, () => burstAcrossCuts(version, resumedBy));
  }
}
