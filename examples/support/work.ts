/** Keeps the streams of an example's work, and answers those who ask for too much of it. */

import process from "node:process";
import { TidingsError } from "tidings";
import { type BunRedis, redisStore } from "tidings/redis";
import { memoryStore, type StreamStore } from "tidings/resumable";
import { sqliteStore } from "tidings/sqlite";
import { data } from "./data.ts";
import { Refusal } from "./http.ts";
import type { Routes } from "./router.ts";
import { stop } from "./settings.ts";

/** What only Bun has, and only Bun's types know. */
const { Bun } = globalThis as unknown as { Bun?: { RedisClient: new (url: string) => BunRedis } };

/**
 * Where the streams of this name are kept. With `REDIS_URL` that is Redis, where every process finds them; with `DATA` a
 * file, which outlives the process and which others of the machine may share; else it is the memory of this one.
 */
export async function workStore(name: string): Promise<StreamStore> {
  const { REDIS_URL: url } = process.env;
  if (!url) return data === undefined ? memoryStore({ ended: 200 }) : sqliteStore(data, { table: name });
  try {
    const client = Bun ? new Bun.RedisClient(url) : (await import("redis")).createClient({ url });
    return redisStore(client, { prefix: name });
  } catch (error) {
    stop(
      `REDIS_URL must be the address of a Redis, received ${JSON.stringify(url)}: ${
        (error as Error).message
      }`,
    );
  }
}

/** The id at the end of a request's path, which is the name of one piece of work. */
export function idOf(request: Request): string {
  const [, id] = /\/([\da-f]{32})$/.exec(new URL(request.url).pathname) ?? [];
  if (id === undefined) throw unknownWork();
  return id;
}

export function unknownWork(): Refusal {
  return new Refusal(404, "There is nothing by this id, or no longer: begin anew");
}

/** The routes, with a refusal where there is too much work, or the store cannot be reached. */
export function workRoutes(routes: Routes): Routes {
  return Object.fromEntries(
    Object.entries(routes).map(([route, handler]) => [route, async (request) => {
      try {
        return await handler(request);
      } catch (error) {
        throw error instanceof TidingsError ? refusalOf(error) : error;
      }
    }]),
  );
}

function refusalOf(error: TidingsError): Error {
  if (error.code === "stream-taken") return new Refusal(409, "It is running already: stop it first");
  const reason = REASONS[error.code];
  return reason === undefined
    ? error
    : new Refusal(503, `${reason}: try again later`, { headers: { "retry-after": "10" } });
}

const REASONS: Partial<Record<TidingsError["code"], string>> = {
  "stream-limit": "There is too much at once",
  "backplane-unavailable": "What is kept cannot be reached",
  "closed": "The server is ending",
};
