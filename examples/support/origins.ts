/** Says whose pages may read the examples' streams: `ORIGINS=https://app.example.com,https://www.example.com`. */

import process from "node:process";
import { Broadcaster, type CorsOptions } from "tidings";

/** A page of this machine, on whatever port. */
const isLocal = (origin: string) => /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);

/** The origins that the environment lists, and without such a list those of this machine. */
export const origins: CorsOptions["origins"] = process.env["ORIGINS"]?.split(",") ?? isLocal;

// A Broadcaster checks its options: a wrong list is told now, and not at the first request.
new Broadcaster({ cors: { origins, credentials: true } });
