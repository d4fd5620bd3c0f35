// Runs streams with resumable-stream, as its own documentation shows it, on a server that lives on: no `waitUntil`.
import { createResumableStreamContext } from "resumable-stream";

export function open(url) {
  process.env.REDIS_URL = url;
  const context = createResumableStreamContext({ waitUntil: null });
  return {
    // What it returns is for the first client. The AI SDK's `consumeSseStream` lets it lie, which costs least.
    start: (id, source) => context.createNewResumableStream(id, () => source),
    /** What a response would be made of. Its text would have to be encoded, which is left out here. */
    async read(id) {
      const stream = await context.resumeExistingStream(id);
      if (!stream) throw new Error("there is nothing to resume");
      return stream.getReader();
    },
    end: (chunk) => chunk.slice(-100),
    text: (chunk) => chunk,
    told: (text) => text.includes("DONE") ? text : undefined,
  };
}
