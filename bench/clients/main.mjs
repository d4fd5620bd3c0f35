/**
 * One run of one client over one workload, on the runtime under test:
 *
 *     main.mjs <the contender's file> <workload> <handler|loop> <passes>
 *
 * Its `fetch` answers from memory: what the network costs is the same for all. Prints the CPU time of each pass, in
 * microseconds an event, after a warm-up that is not counted.
 */
import process from "node:process";
import { WORKLOADS } from "../parsers/workloads.mjs";

// Engines compile while they run: what is measured is the state that a page is in once it is warm.
const WARM_UP = 1_000;
const URL = "http://127.0.0.1:9/events";

const [file, name, mode, passes] = process.argv.slice(2);
const { open } = await import(`./${file}.mjs`);
const encoder = new TextEncoder();
const texts = WORKLOADS[name]();
const chunks = texts.map((chunk) => encoder.encode(chunk));
const lines = texts.join("").split("\n").filter((line) => line.startsWith("data: "));
const characters = lines.reduce((sum, line) => sum + line.length - "data: ".length, 0);

/** A fetch that answers once, and leaves whoever asks again without an answer. */
function fetchOnce() {
  let at = 0;
  let asked = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (at < chunks.length) controller.enqueue(chunks[at++]);
      else controller.close();
    },
  });
  const headers = { "content-type": "text/event-stream" };
  return () => asked++ === 0 ? Promise.resolve(new Response(body, { headers })) : new Promise(() => {});
}

/** Takes all events, and gives how many characters they were. */
async function loop() {
  const stream = open(URL, fetchOnce());
  let count = 0;
  let length = 0;
  for await (const { data } of stream) {
    length += data.length;
    if (++count === lines.length) break;
  }
  stream.close();
  return length;
}

function handler() {
  let count = 0;
  let length = 0;
  return new Promise((resolve) => {
    const stream = open(URL, fetchOnce(), ({ data }) => {
      length += data.length;
      if (++count < lines.length) return;
      stream.close();
      resolve(length);
    });
  });
}

const pass = { loop, handler }[mode];
const microseconds = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const warm = performance.now() + WARM_UP;
do await pass(); while (performance.now() < warm);
const samples = [];
for (let n = 0; n < passes; n++) {
  const before = microseconds();
  const length = await pass();
  samples.push((microseconds() - before) / lines.length);
  if (length !== characters) throw new Error(`${length} of ${characters} characters arrived`);
}
console.log(JSON.stringify(samples));
process.exit(0);
