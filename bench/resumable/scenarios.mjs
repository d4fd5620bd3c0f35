// Says what is measured of resumable streams, and with how many of them.
import { withProcesses } from "./run.mjs";

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A run whose streams all go on at their own pace, from the first token to the last. */
function steady(shape, readers) {
  const { every, burst, words } = shape;
  const spoken = ["no reader", "one reader", "ten readers"][[0, 1, 10].indexOf(readers)];
  return {
    id: `${shape.id}-${readers}`,
    title: `${words}, ${spoken}`,
    contenders: readers === 0 ? ["tidings", "resumable-stream", "nothing"] : ["tidings", "resumable-stream"],
    figures: PER_TOKEN,
    sizes: {
      full: { streams: readers === 10 ? 40 : 100, tokens: 100, every, burst, readers },
      quick: { streams: 5, tokens: 20, every: every / 4, burst, readers },
    },
    async run(options, { streams, tokens, readers, ...pace }) {
      return await withProcesses(options, async ({ producer, reader, meters }) => {
        const beginning = await meters.during(async () => {
          await producer.ask("start", { streams, tokens, ...pace });
          await reader.ask("join", { streams, readers });
        });
        const used = await meters.during(async () => {
          await producer.ask("go");
          await reader.ask("finished");
          while (!(await producer.ask("made")).isOver) await sleep(100);
          // What is under way when the last source ends.
          await sleep(200);
        });
        const all = streams * tokens;
        const figures = Object.fromEntries(Object.entries(used).map(([key, value]) => [key, value / all]));
        const { faults, fault, tokens: received } = await reader.ask("check", { tokens });
        return {
          figures: { ...figures, begin: beginning.sent / streams },
          delivered: { received, due: all * readers, faults, fault },
        };
      });
    },
  };
}

const PER_TOKEN = {
  sent: { label: "Redis commands per token", unit: "", digits: 2 },
  run: { label: "the same, with those inside scripts", unit: "", digits: 2 },
  redis: { label: "Redis CPU per token", unit: "µs", digits: 1 },
  producer: { label: "CPU of the producer per token", unit: "µs", digits: 1 },
  reader: { label: "CPU of the reading process per token", unit: "µs", digits: 1 },
  begin: { label: "Redis commands to start a stream and to join it", unit: "", digits: 1 },
};

const ONE = { id: "token", every: 40, burst: 1, words: "A token each 40 ms" };
const BURST = { id: "burst", every: 400, burst: 10, words: "Ten tokens at once each 400 ms" };

/** Waits until no more is made, and what was made is settled. */
async function untilMade(producer, tokens) {
  while ((await producer.ask("made")).made < tokens) await sleep(50);
  await sleep(500);
}

const resume = {
  id: "resume",
  title: "A reader comes to a half-done stream: 1,000 tokens of 2,000 are there",
  contenders: ["tidings", "resumable-stream"],
  figures: {
    p50: { label: "From asking to having them all, p50", unit: "ms", digits: 2 },
    p99: { label: "The same, p99", unit: "ms", digits: 2 },
    redis: { label: "Redis CPU per resume", unit: "µs", digits: 0 },
    producer: { label: "CPU of the producer per resume", unit: "µs", digits: 0 },
    reader: { label: "CPU of the reading process per resume", unit: "µs", digits: 0 },
    kept: { label: "Memory of the producer per stream of 1,000 tokens", unit: "KB", digits: 1 },
    stored: { label: "Memory of Redis per stream of 1,000 tokens", unit: "KB", digits: 1 },
  },
  sizes: {
    full: { streams: 20, times: 30, warmUp: 10, tokens: 2_000 },
    quick: { streams: 2, times: 5, warmUp: 1, tokens: 400 },
  },
  async run(options, { streams, times, warmUp, tokens }) {
    return await withProcesses(options, async ({ producer, reader, meters }) => {
      const half = tokens / 2;
      const before = await meters.read({ collect: true });
      await producer.ask("start", { streams, tokens, pause: half, every: 2, burst: 1 });
      await producer.ask("go");
      await untilMade(producer, streams * half);
      const after = await meters.read({ collect: true });
      // Connections and code: the first readers pay for that, also after garbage was collected, and code with it.
      await reader.ask("resume", { streams, times: warmUp, tokens: half });
      let outcome;
      const used = await meters.during(async () =>
        outcome = await reader.ask("resume", { streams, times, tokens: half })
      );
      const sorted = outcome.latencies.toSorted((a, b) => a - b);
      const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
      const { length } = sorted;
      return {
        figures: {
          ...{ p50: at(0.5), p99: at(0.99) },
          ...{
            redis: used.redis / length,
            producer: used.producer / length,
            reader: used.reader / length,
          },
          kept: (after.producer.live - before.producer.live) / streams / 1024,
          stored: (after.redis.memory - before.redis.memory) / streams / 1024,
        },
        delivered: {
          received: length * half,
          due: length * half,
          ...await reader.ask("checkResumed", { tokens: half }),
        },
      };
    });
  },
};

const thousand = {
  id: "thousand",
  title: "1,000 streams at once, with a reader each: ten tokens at once each second",
  contenders: ["tidings", "resumable-stream"],
  // It is long, and its figures vary little.
  rounds: 1,
  figures: {
    kept: { label: "Memory of the producer per stream, at 50 tokens", unit: "KB", digits: 1 },
    stored: { label: "Memory of Redis per stream, at 50 tokens", unit: "KB", digits: 1 },
    ...Object.fromEntries(["sent", "redis", "producer", "reader"].map((key) => [key, PER_TOKEN[key]])),
    seconds: { label: "From the first token to the last", unit: "s", digits: 1 },
  },
  sizes: {
    full: { streams: 1_000, tokens: 100, every: 1_000, burst: 10 },
    quick: { streams: 50, tokens: 20, every: 100, burst: 5 },
  },
  async run(options, { streams, tokens, every, burst }) {
    return await withProcesses(options, async ({ producer, reader, meters }) => {
      const half = tokens / 2;
      const before = await meters.read({ collect: true });
      await producer.ask("start", { streams, tokens, every, burst, pause: half });
      await reader.ask("join", { streams, readers: 1 });
      await producer.ask("go");
      await untilMade(producer, streams * half);
      while ((await reader.ask("check", {})).tokens < streams * half) await sleep(100);
      const middle = await meters.read({ collect: true });
      const begun = performance.now();
      const used = await meters.during(async () => {
        await producer.ask("goOn");
        await reader.ask("finished");
      });
      const seconds = (performance.now() - begun) / 1_000;
      const { faults, fault, tokens: received } = await reader.ask("check", { tokens });
      const counted = streams * (tokens - half);
      return {
        figures: {
          kept: (middle.producer.live - before.producer.live) / streams / 1024,
          stored: (middle.redis.memory - before.redis.memory) / streams / 1024,
          ...Object.fromEntries(
            ["sent", "redis", "producer", "reader"].map((key) => [key, used[key] / counted]),
          ),
          seconds,
        },
        delivered: { received, due: streams * tokens, faults, fault },
      };
    });
  },
};

const killed = {
  id: "killed",
  title: "The producer is killed in the middle (SIGKILL)",
  contenders: ["tidings", "resumable-stream"],
  // Nothing in it depends on how fast the machine is.
  rounds: 1,
  figures: {
    had: { label: "Tokens that readers had by then", unit: "", digits: 0 },
    left: { label: "Of these, what a reader gets who comes afterwards", unit: "%", digits: 0 },
    told: { label: "A reader who was there is told after", unit: "s", digits: 1 },
    refused: { label: "A reader who comes afterwards is refused after", unit: "s", digits: 1 },
  },
  sizes: {
    full: { streams: 20, tokens: 1_000, every: 40, patience: 30_000 },
    quick: { streams: 2, tokens: 1_000, every: 10, patience: 8_000, lease: 2_000 },
  },
  async run(options, { streams, tokens, every, patience, lease }) {
    return await withProcesses({ ...options, lease }, async ({ producer, reader, kill }) => {
      await producer.ask("start", { streams, tokens, every, burst: 1 });
      await reader.ask("join", { streams, readers: 1 });
      await producer.ask("go");
      while ((await reader.ask("check", {})).tokens < streams * 50) await sleep(50);
      kill();
      const killedAt = Date.now();
      await sleep(500);
      const { tokens: had, faults, fault } = await reader.ask("check", {});
      const { each: late } = await reader.ask("late", { streams, within: patience });
      // Both readers of a stream have had the same time.
      const { each: there } = await reader.ask("outcomes", {});
      const got = late.reduce((sum, { tokens }) => sum + tokens, 0);
      const refused = late.filter(({ ended }) => ended?.startsWith("refused"));
      const told = there.filter(({ endedAt }) => endedAt !== undefined);
      const bad = [...late, ...there].find(({ fault }) => fault !== undefined)?.fault;
      return {
        figures: {
          had,
          left: got / had * 100,
          ...told.length > 0 && { told: Math.max(...told.map(({ endedAt }) => endedAt - killedAt)) / 1_000 },
          ...refused.length > 0 && { refused: Math.max(...refused.map(({ after }) => after)) / 1_000 },
        },
        // How the first of each kind ended, and what it was told.
        notes: {
          there: [there[0].ended ?? `told nothing within ${patience / 1_000} s`, there[0].told],
          late: [late[0].ended ?? `told nothing within ${patience / 1_000} s`, late[0].told],
        },
        delivered: { received: had, due: had, faults, fault: fault ?? bad },
      };
    });
  },
};

export const SCENARIOS = [
  ...[0, 1, 10].map((readers) => steady(ONE, readers)),
  ...[0, 1, 10].map((readers) => steady(BURST, readers)),
  resume,
  thousand,
  killed,
];
