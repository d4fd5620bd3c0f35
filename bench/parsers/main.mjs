/**
 * One run of one parser over one workload, on the runtime under test:
 *   main.mjs <contender's file> <workload> <sync|iterable> <passes>
 * Prints the CPU time of each pass, after passes that are not counted, as one line of JSON.
 */
import process from "node:process";
import { WORKLOADS } from "./workloads.mjs";

const [file, name, mode, passes] = process.argv.slice(2);
const { parseText, parseStream } = await import(`./${file}.mjs`);
const { events, make } = WORKLOADS[name];
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = make(events).map((chunk) => encoder.encode(chunk));
// Decoded again, as what comes from a socket is: a piece that was cut out of a longer text is another kind of string.
const chunks = bytes.map((chunk) => decoder.decode(chunk));
const size = bytes.reduce((sum, { length }) => sum + length, 0);

let count = 0;
let length = 0;
const onEvent = ({ data }) => {
  count++;
  length += data.length;
};

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

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const pass = mode === "sync" ? () => parseText(chunks, onEvent) : iterate;

// Engines compile while they run: what is measured is the state that a server is in after its first seconds.
const warmUp = performance.now() + 1_500;
while (performance.now() < warmUp) await pass();
const samples = [];
count = length = 0;
for (let n = 0; n < passes; n++) {
  const before = cpu();
  await pass();
  samples.push((cpu() - before) / 1000 / (size / 1e6));
}
console.log(JSON.stringify({ samples, events: count / passes, length: length / passes }));
process.exit(0);
