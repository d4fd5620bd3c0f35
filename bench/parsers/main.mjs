/**
 * Runs one parser over one workload, on the runtime under test:
 *
 *     main.mjs <the contender's file> <workload> <sync|iterable> <passes>
 *
 * Prints the CPU time of each pass, in milliseconds a megabyte.
 */
import process from "node:process";
import { dataIn, measure, streamOf } from "./passes.mjs";
import { WORKLOADS } from "./workloads.mjs";

const [file, name, mode, passes] = process.argv.slice(2);
const { parseText, parseStream } = await import(`./${file}.mjs`);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = WORKLOADS[name]().map((chunk) => encoder.encode(chunk));
// Decoded again, as what comes from a socket is: a piece that was cut out of a longer text is another kind of string.
const chunks = bytes.map((chunk) => decoder.decode(chunk));
const megabytes = bytes.reduce((sum, { length }) => sum + length, 0) / 1e6;

let count = 0;
let characters = 0;
function onEvent({ data }) {
  count++;
  characters += data.length;
}

const ways = {
  sync: () => parseText(chunks, onEvent),
  async iterable() {
    for await (const event of parseStream(streamOf(bytes))) onEvent(event);
  },
};

async function pass() {
  count = characters = 0;
  await ways[mode]();
  return { count, characters };
}

await measure(pass, { passes: Number(passes), units: 1_000 * megabytes, expected: dataIn(chunks.join("")) });
