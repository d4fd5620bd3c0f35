// The faults of a run: what each does to Redis and to the nodes, and the seeded order in which they come.
import { sleep } from "./wait.mjs";

/**
 * A new id is at least Redis' time in milliseconds. One that is given twice, to an event before the flush and to one after
 * it, would say nothing of their order; so the flush takes some milliseconds, in which nothing else is done.
 */
const FLUSH = "redis.call('FLUSHALL') local n = 0 for i = 1, 2000000 do n = n + i end return n";

/** Each draws what it needs of the seed before it does anything, and says what it is about to do. */
export const FAULTS = {
  "Redis killed and restarted": {
    draw: (random) => ({ away: random.between(100, 3_000) }),
    say: ({ away }) => `away for ${seconds(away)}`,
    async run({ redis }, { away }) {
      await redis.kill();
      await sleep(away);
      await redis.run();
    },
  },
  "Redis frozen": {
    // Also for longer than an event may wait to be acknowledged, which is 5 s.
    draw: (random) => ({ away: random.between(200, 7_000) }),
    say: ({ away }) => `for ${seconds(away)}`,
    async run({ redis }, { away }) {
      redis.freeze();
      try {
        await sleep(away);
      } finally {
        redis.thaw();
      }
    },
  },
  "stream trimmed": {
    draw: (random) => ({ keep: random.below(3) === 0 ? 0 : random.below(500) }),
    say: ({ keep }) => `to ${keep} entries`,
    run: ({ redis }, { keep }) => redis.command("XTRIM", "chaos", "MAXLEN", `${keep}`),
  },
  "Redis flushed": {
    draw: () => ({}),
    say: () => "",
    run: ({ redis }) => redis.command("EVAL", FLUSH, "0"),
  },
  "connections killed": {
    draw: (random) => ({ pauses: Array.from({ length: 1 + random.below(8) }, () => random.between(0, 400)) }),
    say: ({ pauses }) => `${pauses.length} times`,
    async run({ redis }, { pauses }) {
      for (const pause of pauses) {
        await redis.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await sleep(pause);
      }
    },
  },
  "node killed and restarted": {
    draw: (random) => ({ index: random.below(3), away: random.between(0, 2_000) }),
    say: ({ index, away }, { nodes }) => `${nodes[index].kind}, away for ${seconds(away)}`,
    async run({ nodes }, { index, away }) {
      await nodes[index].kill();
      await sleep(away);
      await nodes[index].start();
    },
  },
  "node drained and restarted": {
    draw: (random) => ({ index: random.below(3) }),
    say: ({ index }, { nodes }) => nodes[index].kind,
    async run({ nodes }, { index }) {
      await nodes[index].drain();
      await nodes[index].start();
    },
  },
};

const seconds = (milliseconds) => `${(milliseconds / 1_000).toFixed(1)} s`;

/** Goes on for ever: rounds of all faults, each in an order of its own, and a quiet time after each fault. */
export function* plan(random, wanted = "") {
  const names = Object.keys(FAULTS).filter((name) => name.includes(wanted));
  for (;;) {
    for (const name of random.shuffle(names)) {
      yield { name, drawn: FAULTS[name].draw(random), quiet: random.between(200, 1_500) };
    }
  }
}
