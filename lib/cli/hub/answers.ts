/**
 * Reads what the command's own pages send, and makes the answers to them.
 *
 * @module
 */

import { systemClock } from "../../base/clock.ts";
import { TidingsError } from "../../base/errors.ts";
import { hasType, readBody } from "../../hub/body.ts";
import { Refusal } from "../../hub/refusal.ts";
import type { OperationLog } from "./log.ts";

/** What all these answers have. */
export const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

const BODY = { bodyBytes: 1 << 20, bodyTimeout: 10_000 };

/**
 * Reads an object.
 *
 * @throws {Refusal} If it is none.
 */
export async function readJson(request: Request): Promise<object> {
  // A form of another origin cannot send this without asking first, and is not allowed to.
  if (!hasType(request, "application/json")) throw new Refusal(415, "This takes application/json");
  let body: unknown;
  try {
    body = JSON.parse(await readBody(request, BODY, systemClock));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, "The body is not JSON");
  }
  if (typeof body !== "object" || body === null) throw new Refusal(400, "The body is no object");
  return body;
}

export function json(document: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(document), {
    headers: { ...HEADERS, "content-type": "application/json", ...headers },
  });
}

export function problem(status: number, detail: string): Response {
  return new Response(JSON.stringify({ status, detail }), {
    status,
    headers: { ...HEADERS, "content-type": "application/problem+json" },
  });
}

/** The answer that was made, or that to what was thrown: what is the client's fault is told to it, all else to the log alone. */
export async function answered(
  make: () => Response | Promise<Response>,
  log: OperationLog,
): Promise<Response> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof Refusal) return problem(error.status, error.message);
    if (error instanceof TidingsError && error.code === "invalid-event") return problem(400, error.message);
    log.error("failure", "Something went wrong in one of the hub's pages", error);
    return problem(503, "This does not work now: the hub's log says why");
  }
}
