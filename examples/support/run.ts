/** Runs an example: PORT and HOST, one line that says where, and a graceful end. */

import process from "node:process";
import { TidingsError } from "tidings";
import { type FetchHandler, serve } from "tidings/serve";

/**
 * @param handler The example.
 * @param close Ends its event streams, so that the server can close.
 */
export async function run(handler: FetchHandler, close: () => void | Promise<void>): Promise<void> {
  const { PORT = "8080", HOST = "0.0.0.0" } = process.env;
  try {
    const server = await serve(handler, {
      port: PORT === "" ? NaN : Number(PORT),
      hostname: HOST,
      signals: true,
      drain: close,
    });
    console.log(`Listening on ${server.url}`);
  } catch (error) {
    // What the user can mend is one line, everything else is a bug and keeps its stack.
    const isTheirs = error instanceof TypeError || error instanceof TidingsError;
    console.error(isTheirs ? `${error.message} (set PORT and HOST)` : error);
    process.exit(1);
  }
}
