/**
 * Runs one client over one workload, on the runtime under test:
 *
 *     main.mjs <the contender's file> <workload> <handler|loop> <passes>
 *
 * Its `fetch` answers from memory: what the network costs is the same for all. Prints the CPU time of each pass, in
 * microseconds an event.
 */
import process from "node:process";
import { dataIn, measure, streamOf } from "../parsers/passes.mjs";
import { WORKLOADS } from "../parsers/workloads.mjs";

const URL = "http://127.0.0.1:9/events";

const [file, name, mode, passes] = process.argv.slice(2);
const { open } = await import(`./${file}.mjs`);
const encoder = new TextEncoder();
const texts = WORKLOADS[name]();
const chunks = texts.map((chunk) => encoder.encode(chunk));
const expected = dataIn(texts.join(""));

/** A fetch that answers once, and leaves whoever asks again without an answer. */
function fetchOnce() {
  let asked = 0;
  const body = streamOf(chunks);
  const headers = { "content-type": "text/event-stream" };
  return () => asked++ === 0 ? Promise.resolve(new Response(body, { headers })) : new Promise(() => {});
}

// Either takes all events, and gives how many they were, and how many characters.
const ways = {
  async loop() {
    const stream = open(URL, fetchOnce());
    let count = 0;
    let characters = 0;
    for await (const { data } of stream) {
      characters += data.length;
      if (++count === expected.count) break;
    }
    stream.close();
    return { count, characters };
  },
  handler() {
    let count = 0;
    let characters = 0;
    return new Promise((resolve) => {
      const stream = open(URL, fetchOnce(), ({ data }) => {
        characters += data.length;
        if (++count < expected.count) return;
        stream.close();
        resolve({ count, characters });
      });
    });
  },
};

await measure(ways[mode], { passes: Number(passes), units: expected.count, expected });
