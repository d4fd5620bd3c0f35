/**
 * Runs tests over broadcasters whose Redis consists of many servers, which each test moves, stops and kills itself.
 *
 * @module
 */

import { test } from "node:test";
import { redisStreams } from "../../lib/redis/mod.ts";
import { Cluster } from "./cluster.ts";
import { noRedis } from "./redis.ts";
import type { JoinedKind } from "./redis_clients.ts";
import { Relay } from "./relay.ts";

/** What `run` does with broadcasters on two processes, and with the key at which their log lies. */
type Scenario = (broadcasters: Cluster, key: string) => Promise<void>;

let made = 0;

/** How to make the tests of one kind of client. `redis` is asked when a test runs: its servers are started before that. */
export function broadcasterTests(
  kind: JoinedKind,
  redis: () => { readonly ports: readonly number[] },
): (what: string, run: Scenario) => void {
  return (what, run) => {
    test(`${kind.name}: ${what}`, { skip: noRedis, timeout: 90_000 }, async () => {
      const key = `events-${made++}`;
      const broadcasters = await Cluster.start({
        name: kind.name,
        skip: noRedis,
        start: () =>
          Promise.resolve({
            async join() {
              const { client, close } = kind.open(redis().ports);
              return {
                backplane: redisStreams(client, { stream: key }),
                // Nothing goes through it: the servers are found at addresses of their own.
                relay: await Relay.start(redis().ports[0]!),
                leave: () => Promise.resolve(close()),
              };
            },
            kill: () => Promise.resolve(),
            run: () => Promise.resolve(),
            freeze: () => {},
            thaw: () => {},
            wipe: () => Promise.resolve(),
            stop: () => Promise.resolve(),
          }),
      }, {});
      try {
        await broadcasters.witness();
        await run(broadcasters, key);
      } finally {
        await broadcasters.stop();
      }
    });
  };
}
