// Type-checked against the installed package, with Node's types at hand.
import { createServer, type Server } from "node:http";
import { serve, toNodeListener } from "tidings/node";
import { handle } from "./core.ts";

export const server: Server = createServer(toNodeListener(handle));

export async function main(): Promise<void> {
  await serve(handle, { port: 0, hostname: "127.0.0.1" });
}
