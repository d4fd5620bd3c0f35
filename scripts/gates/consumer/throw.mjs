// Makes each entry point throw, and prints the stacks, one JSON line each: where does a person who reads one end up?
import { Broadcaster } from "tidings";
import { connect } from "tidings/client";
import { connectShared } from "tidings/client/shared";
import { gzip } from "tidings/compression";
import { createHub } from "tidings/hub";
import { eventStore } from "tidings/mcp";
import { jetStream } from "tidings/nats";
import { toNodeListener } from "tidings/node";
import { postgresLog } from "tidings/postgres";
import { redisStreams } from "tidings/redis";
import { useEventStream as useInReact } from "tidings/react";
import { ResumableStreams } from "tidings/resumable";
import { serve } from "tidings/serve";
import { eventStream } from "tidings/svelte";
import { readEvents } from "tidings/testing";
import { useEventStream as useInVue } from "tidings/vue";
import { sqliteLog } from "tidings/sqlite";

const throwers = {
  ".": () => new Broadcaster({ history: -1 }),
  "./client": () => connect("http://localhost/", { stallTimeout: -1 }),
  "./client/shared": () => connectShared("http://localhost/", { stallTimeout: -1 }),
  "./compression": () => gzip({ level: 10 }),
  "./hub": () => createHub({ url: "" }),
  "./mcp": () => eventStore({}, { session: "" }),
  "./nats": () => jetStream({}, { stream: "" }),
  "./node": () => toNodeListener(1),
  "./react": () => useInReact("/", { evnts: [] }),
  "./postgres": () => postgresLog({}, { table: "" }),
  "./redis": () => redisStreams({}, { stream: "" }),
  "./resumable": () => new ResumableStreams({ lease: 0 }),
  "./serve": () => serve(1),
  "./svelte": () => eventStream("/", { evnts: [] }),
  "./testing": () => readEvents(new Response(), { timeout: 0 }),
  "./vue": () => useInVue("/", { evnts: [] }),
  "./sqlite": () => sqliteLog({}),
};
for (const [entry, thrower] of Object.entries(throwers)) {
  try {
    await thrower();
    throw new Error("Nothing was thrown");
  } catch (error) {
    console.log(JSON.stringify({ entry, stack: error.stack }));
  }
}
