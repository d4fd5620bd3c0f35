/** Says whose pages may read the examples: `ORIGINS=https://app.example.com,https://www.example.com`. */

import process from "node:process";
import { Broadcaster, type CorsOptions } from "tidings";
import { stop } from "./settings.ts";

/** A page of this machine, on whatever port. */
const isLocal = (origin: string) => /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(origin);

/** The origins that the environment lists, and without such a list those of this machine. */
export const origins: Exclude<CorsOptions["origins"], "*"> = listed(process.env["ORIGINS"]) ?? isLocal;

function listed(setting: string | undefined): readonly string[] | undefined {
  if (setting === undefined) return undefined;
  const received = `received ${JSON.stringify(setting)}`;
  const example = "write them as in ORIGINS=https://app.example.com,http://localhost:5173";
  if (setting.includes("*")) {
    stop(
      `ORIGINS must list origins one by one, ${received}: cookies go with them, which no browser sends to "*"; ${example}`,
    );
  }
  if (setting === "" || /\s/.test(setting)) {
    stop(`ORIGINS must be origins with commas and no blanks between them, ${received}: ${example}`);
  }
  const list = setting.split(",");
  try {
    // A Broadcaster checks its options: a wrong list is told now, and not at the first request.
    void new Broadcaster({ cors: { origins: list, credentials: true } });
    return list;
  } catch (error) {
    stop(`ORIGINS: ${(error as Error).message}`);
  }
}
