/** Runs long jobs: a POST begins one, any number of pages watch it as an event stream, a DELETE cancels it. */

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { ServerSentEvent } from "tidings";
import { ResumableStreams, type StreamStore } from "tidings/resumable";
import type { SystemParts } from "../support/system.ts";
import { idOf, unknownWork, workRoutes } from "../support/work.ts";
import { countPrimes, primesUpTo } from "./primes.ts";

const JOBS = "/job/jobs";

export interface JobsOptions {
  /** Milliseconds of rest after each slice. Default: 150. */
  readonly rest?: number;
  /** A job counts the primes below this number. Default: 20,000,000. */
  readonly limit?: number;
  /** Slices that a job has. Default: 200. */
  readonly slices?: number;
  /** Jobs that may run at once. Default: 20. */
  readonly running?: number;
  /** Where the jobs are kept. Default: in memory. */
  readonly store?: StreamStore;
}

/** How far a job is. */
export interface Progress {
  readonly limit: number;
  /** Slices done, and in all. */
  readonly done: number;
  readonly total: number;
  /** Primes found so far. */
  readonly found: number;
  /** Milliseconds that it has run, and those that it will probably still run. */
  readonly elapsed: number;
  readonly left: number;
}

/** The system's routes, and what ends it. */
export function createJobs(options: JobsOptions = {}): SystemParts {
  const { rest = 150, limit = 20_000_000, slices: total = 200, running = 20, store } = options;
  const base = primesUpTo(Math.ceil(Math.sqrt(limit)));
  const edge = (slice: number) => Math.floor(limit * slice / total);
  const start: Progress = { limit, done: 0, total, found: 0, elapsed: 0, left: total * rest };
  let begun = 0;

  /** Works from where the job is to its end. */
  async function* work(signal: AbortSignal, job: Progress): AsyncGenerator<ServerSentEvent, void> {
    const beginning = performance.now() - job.elapsed;
    let { done, found } = job;
    if (job === start) yield { event: "progress", data: job };
    while (done < total) {
      await pause(rest, undefined, { signal });
      found += countPrimes(edge(done), edge(++done), base);
      const elapsed = Math.round(performance.now() - beginning);
      const left = Math.round(elapsed / done * (total - done));
      yield { event: "progress", data: { limit, done, total, found, elapsed, left } satisfies Progress };
    }
  }

  const jobs = new ResumableStreams({
    store,
    // It runs whoever watches, and if its process dies another one goes on after the last slice.
    patience: Infinity,
    lease: 3_000,
    limits: { running },
    onLost(id, { events, signal }) {
      const last = events.at(-1);
      const job: Progress = last === undefined ? start : JSON.parse(last.data);
      console.log(`job: ${id} is taken over after ${job.done} slices`);
      return work(signal, job);
    },
  });

  async function begin(): Promise<Response> {
    const id = randomBytes(16).toString("hex");
    await jobs.start(id, ({ signal }) => work(signal, start));
    begun++;
    return Response.json({ id }, { status: 201, headers: { location: `${JOBS}/${id}` } });
  }

  /** Each event tells where the job is, so the newest is all that a page needs that is reloaded or comes back. */
  function watch(request: Request): Promise<Response> {
    return jobs.subscribe(request, idOf(request), {
      retry: 1_000,
      newest: 1,
      unknown: () => unknownWork().toResponse(),
    });
  }

  async function cancel(request: Request): Promise<Response> {
    const job = await jobs.stop(idOf(request));
    if (job === undefined) throw unknownWork();
    return Response.json({ state: job.state });
  }

  return {
    routes: workRoutes({
      [`POST ${JOBS}`]: begin,
      [`GET ${JOBS}/*`]: watch,
      [`DELETE ${JOBS}/*`]: cancel,
    }),
    figure: () => begun,
    close: () => jobs.close(),
  };
}
