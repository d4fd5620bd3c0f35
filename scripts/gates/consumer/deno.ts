// Type-checked against the installed package under Deno's types: what only Deno has.
import { gzip } from "tidings/compression";
import { Broadcaster } from "tidings";
import { serve } from "tidings/serve";
import { sqliteLog } from "tidings/sqlite";
import { handle } from "./web.ts";

const market = new Broadcaster({ backplane: sqliteLog("events.db"), compression: gzip() });

export const server = Deno.serve((request) =>
  new URL(request.url).pathname === "/feed" ? market.subscribe(request) : handle(request)
);
await serve(handle, { port: 0 });
