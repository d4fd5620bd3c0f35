/**
 * Connects a client that was made from the user's, with a limit in time, and lets go of one that did not come about.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { opened } from "./connection.ts";

/** What a client is besides, once it is ours. */
export interface Twin {
  connect(): Promise<unknown>;
}

/** In node-redis and ioredis, an error to which nobody listens ends the process. */
export interface Emitter extends Twin {
  on(event: "error", listener: (error: unknown) => void): unknown;
}

/** Connects a client that is ours, or lets go of it. */
export async function connect(clock: Clock, twin: Twin | Emitter, close: () => void): Promise<void> {
  let cause: unknown;
  if ("on" in twin) twin.on("error", (error) => cause = error);
  try {
    await opened(clock, twin.connect(), () => {});
  } catch (error) {
    letGo(close);
    // ioredis says only that it is closed, and tells its listeners why.
    throw cause ?? error;
  }
}

/** Closes what may not be open. */
export function letGo(close: () => void): void {
  try {
    close();
  } catch {
    // It was closed already, or never open.
  }
}

/** What comes of it is nobody's business. */
export function quietly(promise: unknown): void {
  Promise.resolve(promise).catch(() => {});
}

/** Whether an object has all these methods. */
export function has(client: object, ...methods: string[]): boolean {
  return methods.every((name) => typeof (client as Record<string, unknown>)[name] === "function");
}
