/**
 * Streams that belong to one piece of work, such as a language model's answer or a job: resumable, and stoppable from any
 * process.
 *
 * @module
 */
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { StoredEvent } from "./event.ts";
export type {
  EndWords,
  LostWork,
  OpenOptions,
  ReadOptions,
  ResumableOptions,
  StartOptions,
  StreamLimits,
  StreamStatus,
  StreamSubscribeOptions,
} from "./options.ts";
export type { StreamEnd } from "./run.ts";
export type { Work, WorkEvents, WorkResult, WorkSource } from "./source.ts";
export type { StreamHandle, StreamJob } from "./handle.ts";
export { type CloseStreamsOptions, ResumableStreams } from "./streams.ts";
export { memoryStore, type MemoryStoreOptions } from "../store/memory.ts";
export type {
  Appended,
  EndState,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
