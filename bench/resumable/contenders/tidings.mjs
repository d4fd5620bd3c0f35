// Runs streams with tidings, as its own documentation shows it: ResumableStreams over redisStore.
import { createClient } from "redis";
import { redisStore } from "../../.out/tidings/lib/redis/mod.js";
import { ResumableStreams } from "../../.out/tidings/lib/resumable/mod.js";

const decoder = new TextDecoder();

export async function open(url, { lease, onError }) {
  const client = await createClient({ url }).connect();
  client.on("error", () => {});
  const streams = new ResumableStreams({
    store: redisStore(client),
    patience: Infinity,
    limits: { running: Infinity },
    onError,
    ...lease && { lease },
  });
  return {
    start: (id, source) => streams.start(id, source),
    /** The body of the response that a client would get. */
    async read(id) {
      const { status, body } = await streams.subscribe(new Request(`http://localhost/${id}`), id);
      if (status !== 200) throw new Error(`answered ${status}`);
      return body.getReader();
    },
    /** The end of a chunk, as text. */
    end: (chunk) => decoder.decode(chunk.subarray(-100)),
    text: (chunk) => decoder.decode(chunk),
    /** What a reader was told of the end. */
    told: (text) => /event: end\n(?:id: .*\n)?data: (.*)/.exec(text)?.[1],
  };
}
