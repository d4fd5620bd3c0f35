/**
 * Gathers the figures of a running hub that Prometheus asks for.
 *
 * @module
 */

import process from "node:process";
import type { Hub, PublishedInfo } from "../../hub/mod.ts";
import type { CloseReason } from "../../stream/options.ts";
import { exposition, type Family, type Sample } from "./exposition.ts";

// Upper bounds of the publish delay, in seconds: in memory it is the first, in an engine far away one of the last.
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, Infinity];
const SECOND = 1_000;

export class Metrics {
  readonly #version: string;
  readonly #since = Date.now() / SECOND;
  readonly #ended = new Map<CloseReason, number>();
  /** How many updates took at most so long, and longer than the bucket before allows. */
  readonly #delays = BUCKETS.map(() => 0);
  #delaySum = 0;

  constructor(version: string) {
    this.#version = version;
  }

  /** For the hub's hook. */
  published({ milliseconds }: PublishedInfo): void {
    const seconds = milliseconds / SECOND;
    this.#delays[BUCKETS.findIndex((bound) => seconds <= bound)]!++;
    this.#delaySum += seconds;
  }

  /** For the broadcaster's hook. */
  ended({ reason }: { readonly reason: CloseReason }): void {
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + 1);
  }

  /** The figures as of now. */
  text({ broadcaster, stats }: Pick<Hub, "broadcaster" | "stats">): string {
    const { lagging, published, delivered, bytes, dropped } = broadcaster.stats();
    const hub = stats();
    const isReady = broadcaster.state === "open" && broadcaster.health().ok;
    return exposition([
      gauge("tidings_clients", "Streams that are open", hub.streams),
      gauge("tidings_lagging", "Streams whose client has not taken all yet", lagging),
      counter("tidings_published_total", "Events published or, with an engine, read from it", published),
      counter("tidings_delivered_total", "Events handed to clients", delivered),
      counter("tidings_bytes_total", "Bytes handed to clients", bytes),
      counter("tidings_dropped_total", "Events dropped before a client had taken them", dropped),
      {
        name: "tidings_closed_total",
        type: "counter",
        help: "Streams that ended, by reason",
        samples: byReason(this.#ended),
      },
      gauge("tidings_hub_subscriptions", "Matchers of the open streams", hub.subscriptions),
      counter("tidings_hub_published_total", "Updates published over HTTP", hub.published),
      {
        name: "tidings_hub_refused_total",
        type: "counter",
        help: "Requests, and events of lists, that were refused, by reason",
        samples: byReason(Object.entries(hub.refused)),
      },
      this.#publishDelay(),
      gauge("tidings_hub_ready", "1 while updates can be published and received", isReady ? 1 : 0),
      {
        name: "tidings_hub_info",
        type: "gauge",
        help: "The version that runs",
        samples: [{ value: 1, labels: { version: this.#version } }],
      },
      gauge("process_start_time_seconds", "When it began, in seconds since 1970", this.#since),
      gauge("process_resident_memory_bytes", "Memory in use", process.memoryUsage().rss),
    ]);
  }

  #publishDelay(): Family {
    let count = 0;
    const buckets = BUCKETS.map((bound, i): Sample => {
      count += this.#delays[i]!;
      return { suffix: "_bucket", labels: { le: bound === Infinity ? "+Inf" : String(bound) }, value: count };
    });
    return {
      name: "tidings_hub_publish_seconds",
      type: "histogram",
      help: "Time from an accepted request until the engine had the update",
      samples: [...buckets, { suffix: "_sum", value: this.#delaySum }, { suffix: "_count", value: count }],
    };
  }
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ value }] };
}

function counter(name: string, help: string, value: number): Family {
  return { name, type: "counter", help, samples: [{ value }] };
}

function byReason(counts: Iterable<[string, number]>): Sample[] {
  return Array.from(counts, ([reason, value]) => ({ labels: { reason }, value }));
}
