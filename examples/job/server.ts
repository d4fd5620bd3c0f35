/**
 * Runs a long job with a progress bar, which a page may leave and find again.
 *
 *     bun run examples/job/server.ts
 *     deno run -A examples/job/server.ts
 *     node --import tsx examples/job/server.ts
 *
 * JOB_REST (150) is the milliseconds of rest after each of the job's 200 slices. DATA is a file that keeps the jobs: a server
 * that is started again after `kill -9` goes on after their last slice. REDIS_URL is a Redis, by which any number of such
 * servers have their jobs in common: each is watched and cancelled on all of them, and if one dies another takes its jobs over.
 */

import process from "node:process";
import { numberSetting } from "../support/settings.ts";
import { type System, system } from "../support/system.ts";
import { workStore } from "../support/work.ts";
import { createJobs } from "./job.ts";

const rest = numberSetting("JOB_REST", process.env["JOB_REST"], { default: 150, least: 1, most: 60_000 });

export const job: System = await system(import.meta, createJobs({ rest, store: await workStore("job") }));
