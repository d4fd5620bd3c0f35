/**
 * Streams that belong to one piece of work, such as a language model's answer or a job: resumable, and stoppable from any
 * process.
 *
 * @module
 */
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
