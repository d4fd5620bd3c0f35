/** Runs long jobs: a POST begins one, any number of pages watch it as an event stream, a DELETE cancels it. */

import { randomBytes } from "node:crypto";
import { Refusal } from "../support/http.ts";
import { StateFeed } from "../support/state_feed.ts";
import type { SystemParts } from "../support/system.ts";
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
  /** Jobs that are kept. Default: 200. */
  readonly kept?: number;
}

/** What the pages are told of a job. */
export interface JobState {
  readonly state: "running" | "done" | "cancelled";
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
  const { rest = 150, limit = 20_000_000, slices: total = 200, running: mostRunning = 20, kept = 200 } =
    options;
  const feed = new StateFeed();
  const jobs = new Map<string, { state: JobState; cancel(): void }>();
  let begun = 0;
  const base = primesUpTo(Math.ceil(Math.sqrt(limit)));

  function begin(): Response {
    const running = [...jobs.values()].filter(({ state }) => state.state === "running").length;
    if (running >= mostRunning) {
      throw new Refusal(503, "Too many jobs at once: try again later", { headers: { "retry-after": "10" } });
    }
    const id = randomBytes(16).toString("hex");
    const start = performance.now();
    let timer: ReturnType<typeof setTimeout>;
    const job = {
      state: {
        state: "running",
        limit,
        done: 0,
        total,
        found: 0,
        elapsed: 0,
        left: total * rest,
      } as JobState,
      cancel() {
        if (job.state.state !== "running") return;
        clearTimeout(timer);
        tell({ state: "cancelled", left: 0 });
      },
    };
    const tell = (news: Partial<JobState>) => {
      job.state = { ...job.state, ...news, elapsed: Math.round(performance.now() - start) };
      feed.publish(id, ["state", job.state]);
    };
    const work = () => {
      const { done, found } = job.state;
      const edge = (slice: number) => Math.floor(limit * slice / total);
      const more = countPrimes(edge(done), edge(done + 1), base);
      const isLast = done + 1 === total;
      const perSlice = (performance.now() - start) / (done + 1);
      tell({
        state: isLast ? "done" : "running",
        done: done + 1,
        found: found + more,
        left: Math.round(perSlice * (total - done - 1)),
      });
      if (!isLast) timer = setTimeout(work, rest);
    };
    timer = setTimeout(work, rest);
    jobs.set(id, job);
    begun++;
    for (const [oldest, { state: { state } }] of jobs) {
      if (jobs.size <= kept) break;
      if (state !== "running") jobs.delete(oldest);
    }
    return Response.json({ id }, { status: 201, headers: { location: `${JOBS}/${id}` } });
  }

  function find(request: Request) {
    const id = new URL(request.url).pathname.slice(JOBS.length + 1);
    const job = jobs.get(id);
    if (job === undefined) throw new Refusal(404, "There is no such job, or no longer: begin a new one");
    return { id, job };
  }

  /** The state of now comes first, so a page that is reloaded or comes back is where the job is. */
  function watch(request: Request): Response {
    const { id, job } = find(request);
    return feed.subscribe(request, id, [["state", job.state]], { retry: 1_000 });
  }

  function cancel(request: Request): Response {
    const { job } = find(request);
    job.cancel();
    return Response.json(job.state);
  }

  return {
    routes: {
      [`POST ${JOBS}`]: begin,
      [`GET ${JOBS}/*`]: watch,
      [`DELETE ${JOBS}/*`]: cancel,
    },
    figure: () => begun,
    async close() {
      for (const job of jobs.values()) job.cancel();
      await feed.close();
    },
  };
}
