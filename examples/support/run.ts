/** Runs an example: PORT and HOST, one line that says where, and an end in good order. */

import process from "node:process";
import { TidingsError } from "tidings";
import { type FetchHandler, serve } from "tidings/serve";
import { portSetting, stop } from "./settings.ts";

/**
 * @param handler The example.
 * @param close Ends its event streams, so that the server can close.
 */
export async function run(handler: FetchHandler, close: () => void | Promise<void>): Promise<void> {
  const port = portSetting("PORT", 8080);
  const { HOST = "0.0.0.0" } = process.env;
  const server = await listening(serve(handler, { port, hostname: HOST, signals: true, drain: close }));
  console.log(`Listening on ${server.url}`);
}

/** A server that starts; if it cannot listen, the end of the program, with a line that says which settings to mend. */
export async function listening<T>(starting: Promise<T>, settings: string = "PORT and HOST"): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    // What the user can mend is one line, everything else is a bug and keeps its stack.
    if (error instanceof TypeError || error instanceof TidingsError) {
      stop(`${error.message} (set ${settings})`);
    }
    throw error;
  }
}
