/**
 * Makes the streams of a Model Context Protocol server resumable, on any of its processes: an `EventStore` for the official
 * SDK, and the answer to a client that comes back.
 *
 * @module
 */
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export {
  type EventSender,
  eventStore,
  type EventStoreOptions,
  type SessionEventStore,
} from "./event_store.ts";
export { resume, type ResumeOptions } from "./resume.ts";
export type { StreamOptions } from "../stream/options.ts";
