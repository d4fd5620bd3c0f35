// Type-checked against the installed package: what eventStore() makes is the EventStore of the SDK, of 1.x and of 2.x.
import {
  type EventStore as EventStore1,
  WebStandardStreamableHTTPServerTransport as Transport1,
} from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  type EventStore as EventStore2,
  WebStandardStreamableHTTPServerTransport as Transport2,
} from "@modelcontextprotocol/server";
import { eventStore, resume, type SessionEventStore } from "tidings/mcp";
import { ResumableStreams } from "tidings/resumable";

const streams = new ResumableStreams({ keep: 300_000 });
const session = "7f1e3a52";

export const events: SessionEventStore = eventStore(streams, {
  session,
  maxStreams: 10,
});
export const first: EventStore1 = events;
export const second: EventStore2 = events;

const sessionIdGenerator = () => session;
const transports = [
  new Transport1({
    sessionIdGenerator,
    eventStore: eventStore(streams, { session }),
  }),
  new Transport2({
    sessionIdGenerator,
    eventStore: eventStore(streams, { session }),
  }),
];

export async function handle(request: Request): Promise<Response> {
  return await resume(streams, request, { retry: 500 }) ??
    await transports[0]!.handleRequest(request);
}
