// Type-checked against the installed package under every runtime's types: what an application says everywhere.
import { Broadcaster, type BroadcasterOptions, createSSEResponse, type SSEResponseOptions } from "tidings";
import { connect, type ConnectOptions, parseSSE } from "tidings/client";
import { connectShared } from "tidings/client/shared";
import { type EventReader, readEvents, turnedClock } from "tidings/testing";

interface Events {
  price: { symbol: string; amount: number };
  notice: string;
  [name: string]: unknown;
}

// Headers as people hold them: of the runtime's own type, as pairs, as a record.
const own = new Headers({ "x-own": "1" });
const pairs: [string, string][] = [["x-pair", "1"]];
const record: Record<string, string> = { "x-record": "1" };
const init: ConstructorParameters<typeof Headers>[0] = record;
const each: SSEResponseOptions[] = [{ headers: own }, { headers: pairs }, { headers: record }, {
  headers: init ?? {},
}];
const requests: ConnectOptions[] = [
  { headers: own },
  { headers: pairs },
  { headers: () => record },
  { headers: () => Promise.resolve(own) },
  { method: "POST", body: "text" },
  { method: "POST", body: new Uint8Array(1) },
  { method: "POST", body: new URLSearchParams({ q: "1" }) },
  { method: "POST", body: () => new FormData() },
  { credentials: "include" },
  // The runtime's fetch, and one that wraps it.
  { fetch },
  { fetch: (url, init) => fetch(url, { ...init, redirect: "error" }) },
];

export const options: BroadcasterOptions = {
  history: { events: 100 },
  cors: { origins: ["https://example.com"] },
  limits: { clients: 10 },
  keepalive: 5_000,
  headers: own,
  onClose: (info, request) => console.log(info.reason, request.url),
};
export const market: Broadcaster<Events> = new Broadcaster<Events>(options);

export function handle(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/market") {
    return market.subscribe(request, {
      topics: ["acme"],
      headers: pairs,
      signal: new AbortController().signal,
    });
  }
  if (pathname === "/stream") {
    return createSSEResponse(request, new ReadableStream({ start: (controller) => controller.close() }));
  }
  if (pathname === "/ticker") {
    return createSSEResponse(request, (connection) => {
      const timer = setInterval(() => connection.send({ data: Date.now() }), 1_000);
      connection.signal.addEventListener("abort", () => console.log("left"));
      return () => clearInterval(timer);
    }, each[0]);
  }
  return createSSEResponse(request, async function* ({ signal }) {
    while (!signal.aborted) yield { event: "token", data: "word" };
  }, { headers: record, status: 200 });
}

export async function read(url: string | URL): Promise<void> {
  for await (const { event, data } of parseSSE(await fetch(url))) console.log(event, data);
  for await (const { data } of parseSSE(new ReadableStream<Uint8Array>())) console.log(data);
  const stream = connect(String(url), requests[0]);
  for await (const item of stream) console.log(item);
  stream.close();
  connectShared(String(url)).close();
  const id: string = await market.publish({ event: "price", data: { symbol: "ACME", amount: 1 } });
  console.log(id);
}

export async function check(): Promise<void> {
  const clock = turnedClock({ now: Date.now(), random: Math.random });
  const feed = new Broadcaster<Events>({ clock });
  const reader: EventReader<Events> = readEvents<Events>((request) => feed.subscribe(request), {
    request: "/",
  });
  const { data } = await reader.expectEvent({ event: "price", data: { symbol: "ACME", amount: 1 } });
  console.log(data.amount.toFixed(), (await reader.take(2)).length);
  // @ts-expect-error: the data of a "price" is no string
  await reader.expectEvent({ event: "price", data: "1" });
  await clock.passAsync(15_000);
  await reader.leave();
}
