/** Whose pages may read the examples' streams: `ORIGINS=https://app.example.com,https://www.example.com`. */

import process from "node:process";
import type { CorsOptions } from "tidings";
import { checkCors } from "../../lib/wire/cors.ts";

/** A page of this machine, on whatever port. */
const isLocal = (origin: string) => /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);

/** The origins that the environment lists, and without such a list those of this machine. */
export const origins: CorsOptions["origins"] = process.env["ORIGINS"]?.split(",") ?? isLocal;

checkCors({ origins, credentials: true }); // now and not at the first request
