// Makes each entry point throw, and prints the stacks, one JSON line each: where does a person who reads one end up?
import { Broadcaster } from "tidings";
import { connect } from "tidings/client";
import { connectShared } from "tidings/client/shared";
import { gzip } from "tidings/compression";
import { jetStream } from "tidings/nats";
import { toNodeListener } from "tidings/node";
import { postgresLog } from "tidings/postgres";
import { redisStreams } from "tidings/redis";
import { serve } from "tidings/serve";

const throwers = {
  ".": () => new Broadcaster({ history: -1 }),
  "./client": () => connect("http://localhost/", { stallTimeout: -1 }),
  "./client/shared": () => connectShared("http://localhost/", { stallTimeout: -1 }),
  "./compression": () => gzip({ level: 10 }),
  "./nats": () => jetStream({}, { stream: "" }),
  "./node": () => toNodeListener(1),
  "./postgres": () => postgresLog({}, { table: "" }),
  "./redis": () => redisStreams({}, { stream: "" }),
  "./serve": () => serve(1),
};
for (const [entry, thrower] of Object.entries(throwers)) {
  try {
    await thrower();
    throw new Error("Nothing was thrown");
  } catch (error) {
    console.log(JSON.stringify({ entry, stack: error.stack }));
  }
}
