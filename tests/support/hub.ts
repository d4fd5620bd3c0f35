/**
 * Runs a hub on a real server, signs tokens for it, and reads what a subscriber gets.
 *
 * @module
 */

import { webcrypto } from "node:crypto";
import { createParser } from "eventsource-parser";
import { SignJWT } from "jose";
import { createHub, type Hub, type HubAuthOptions, type HubOptions } from "../../lib/hub/mod.ts";
import { serve } from "../../lib/serve/mod.ts";

// Node 18 does not have it.
if (!("crypto" in globalThis)) Object.assign(globalThis, { crypto: webcrypto });

export const URL_OF_HUB = "https://hub.example/.well-known/mercure";
export const ISSUER = "https://app.example";
export const SECRET = "0123456789abcdef0123456789abcdef";
export const DETAIL = "https://mercure.rocks/authorization-detail";

type Match = string | { match: string; match_type?: string };

/** Claims that grant actions on topics: `grant("publish", "*")`. */
export function grant(actions: string | string[], ...topics: Match[]): object {
  return {
    type: DETAIL,
    actions: [actions].flat(),
    topics: topics.map((topic) => typeof topic === "string" ? { match: topic } : topic),
  };
}

export const pattern = (match: string): Match => ({ match, match_type: "urlpattern" });

/** A token with these claims and no others. */
export function signClaims(
  claims: Record<string, unknown>,
  { header = {}, key = new TextEncoder().encode(SECRET) }: {
    header?: Record<string, unknown>;
    key?: Parameters<SignJWT["sign"]>[0];
  } = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header }).sign(key);
}

/** A token that the hub accepts, unless its claims or header say otherwise. */
export function sign(
  details: unknown,
  { claims = {}, header = {}, ...key }:
    & { claims?: Record<string, unknown> }
    & Parameters<typeof signClaims>[1] = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const usual = { iss: ISSUER, aud: URL_OF_HUB, sub: "somebody", iat: now, exp: now + 600 };
  return signClaims(
    { ...usual, authorization_details: details, ...claims },
    { header: { typ: "at+jwt", ...header }, ...key },
  );
}

/** What a subscriber got, and its connection. */
export interface Reader {
  readonly events: readonly { readonly event: string; readonly data: string; readonly id: string }[];
  readonly response: Response;
  readonly ended: boolean;
  close(): void;
}

export interface TestHub {
  readonly hub: Hub;
  readonly origin: string;
  readonly errors: unknown[];
  /** Posts a form; topics and fields by their names. */
  publish(token: string | undefined, fields: Record<string, string | string[]>): Promise<Response>;
  post(path: string, token: string | undefined, body: unknown): Promise<Response>;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Subscribes, and resolves when the stream has begun. */
  subscribe(
    query: string,
    options?: { token?: string | undefined; lastEventId?: string; headers?: Record<string, string> },
  ): Promise<Reader>;
}

/** Runs a test with a hub that accepts tokens of {@linkcode ISSUER}, and takes both down. */
export async function withHub(
  { auth, ...options }: Partial<Omit<HubOptions, "auth">> & { auth?: Partial<HubAuthOptions> },
  test: (hub: TestHub) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const hub = createHub({
    url: URL_OF_HUB,
    auth: { issuers: [{ issuer: ISSUER, algorithms: ["HS256"], secret: SECRET }], anonymous: true, ...auth },
    onError: (error) => errors.push(error),
    ...options,
  });
  const server = await serve(hub.fetch, { port: 0, hostname: "127.0.0.1" });
  const origin = `http://127.0.0.1:${server.port}`;
  const path = "/.well-known/mercure";
  const readers = new Set<Reader>();
  const bearer = (token: string | undefined): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    await test({
      hub,
      origin,
      errors,
      publish: (token, fields) => {
        const body = new URLSearchParams();
        for (const [name, values] of Object.entries(fields)) {
          for (const value of [values].flat()) body.append(name, value);
        }
        return fetch(origin + path, { method: "POST", headers: bearer(token), body });
      },
      post: (to, token, body) =>
        fetch(origin + to, {
          method: "POST",
          headers: { ...bearer(token), "content-type": "application/json" },
          body: typeof body === "string" ? body : JSON.stringify(body),
        }),
      get: (to, init) => fetch(origin + to, init),
      subscribe: async (query, { token, lastEventId, headers } = {}) => {
        const reader = await read(`${origin}${path}?${query}`, { ...headers, ...bearer(token) }, lastEventId);
        readers.add(reader);
        return reader;
      },
    });
  } finally {
    for (const reader of readers) reader.close();
    await hub.broadcaster.close();
    await server.close();
  }
}

/** Reads one stream to its end, and does not come back: a test does that itself. */
async function read(
  url: string,
  headers: Record<string, string>,
  lastEventId: string | undefined,
): Promise<Reader> {
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { ...headers, ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
    signal: controller.signal,
  });
  const events: Reader["events"][number][] = [];
  const reader = { events, response, ended: false, close: () => controller.abort() };
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ event = "message", data, id = "" }) => {
      if (event !== "tidings-cursor") events.push({ event, data, id });
    },
  });
  void (async () => {
    try {
      for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }));
    } catch { /* closed, or cut */ }
    reader.ended = true;
  })();
  return reader;
}

/** The data of what a reader got. */
export function dataOf({ events }: Reader): string[] {
  return events.map(({ data }) => data);
}
