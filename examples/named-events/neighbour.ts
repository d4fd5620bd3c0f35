/** Serves the stream a second time, on a port of its own and so of another origin, and lets visitors take that away. */

import process from "node:process";
import { type FetchHandler, type RunningServer, serve } from "tidings/serve";
import { plain } from "../support/http.ts";
import { portSetting } from "../support/settings.ts";

/** Nobody listens, or a proxy answers for a server that is not there. */
export type Failure = "refuse" | "502" | "503";

export class Neighbour {
  readonly #handler: FetchHandler;
  #port = portSetting("NEIGHBOUR_PORT", 0);
  #server: RunningServer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is under way: visitors may all want something at once, and there is one port. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(handler: FetchHandler) {
    this.#handler = handler;
  }

  /** Listens, from the first call on, and says on which port. */
  start(): Promise<number> {
    return this.#inTurn(async () => {
      if (this.#port === 0 || this.#timer === undefined) await this.#listen(this.#handler);
      return this.#port;
    });
  }

  /** Cuts off all connections and fails for so many milliseconds; then all is as before, on the same port. */
  fail(failure: Failure, ms: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#listen(this.#handler); // so that there is a port to fail on
      clearTimeout(this.#timer);
      await this.#stop();
      // As a proxy does it: without a word of CORS.
      if (failure !== "refuse") await this.#listen(() => plain(Number(failure), "Nobody is here"));
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#inTurn(() => this.#stop().then(() => this.#listen(this.#handler)))
          .catch((error) => console.error("named-events: the neighbour does not come back:", error));
      }, ms);
    });
  }

  close(): Promise<void> {
    return this.#inTurn(() => {
      clearTimeout(this.#timer);
      return this.#stop();
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#work.then(step);
    this.#work = result.catch(() => {});
    return result;
  }

  async #listen(handler: FetchHandler): Promise<void> {
    if (this.#server !== undefined) return;
    const hostname = process.env["HOST"] ?? "0.0.0.0";
    this.#server = await serve(handler, { port: this.#port, hostname, grace: 0 });
    this.#port = this.#server.port;
  }

  async #stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}
