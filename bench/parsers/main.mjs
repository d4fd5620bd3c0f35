/**
 * One run of one parser over one workload, on the runtime under test:
 *
 *     main.mjs <the contender's file> <workload> <sync|iterable> <passes>
 *
 * Prints the CPU time of each pass, in milliseconds a megabyte, after a warm-up that is not counted.
 */
import process from "node:process";
import { WORKLOADS } from "./workloads.mjs";

// Engines compile while they run: what is measured is the state that a server is in once it is warm.
const WARM_UP = 1_000;

const [file, name, mode, passes] = process.argv.slice(2);
const { parseText, parseStream } = await import(`./${file}.mjs`);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = WORKLOADS[name]().map((chunk) => encoder.encode(chunk));
// Decoded again, as what comes from a socket is: a piece that was cut out of a longer text is another kind of string.
const chunks = bytes.map((chunk) => decoder.decode(chunk));
const megabytes = bytes.reduce((sum, { length }) => sum + length, 0) / 1e6;
const expected = chunks.join("").split("\n").filter((line) => line.startsWith("data: "));

let count = 0;
let length = 0;
function onEvent({ data }) {
  count++;
  length += data.length;
}

async function iterate() {
  let at = 0;
  const stream = new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes[at++]);
      else controller.close();
    },
  });
  for await (const event of parseStream(stream)) onEvent(event);
}

const pass = mode === "sync" ? () => parseText(chunks, onEvent) : iterate;
const milliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const warm = performance.now() + WARM_UP;
do await pass(); while (performance.now() < warm);
count = length = 0;
const samples = [];
for (let n = 0; n < passes; n++) {
  const before = milliseconds();
  await pass();
  samples.push((milliseconds() - before) / megabytes);
}
const all = expected.reduce((sum, line) => sum + line.length - "data: ".length, 0);
if (count !== expected.length * passes || length !== all * passes) {
  throw new Error(`${count / passes} of ${expected.length} events, ${length / passes} of ${all} characters`);
}
console.log(JSON.stringify(samples));
process.exit(0);
