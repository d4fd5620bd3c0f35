/**
 * Exchanges the keys of a running hub when the settings that name them have changed.
 *
 * @module
 */

import type { Hub } from "../../hub/mod.ts";
import { FILE, type Values } from "../settings.ts";
import { issuersOf } from "./issuers.ts";
import { keyFiles } from "./key_files.ts";
import type { OperationLog } from "./log.ts";
import { told } from "./make.ts";
import { Reloading } from "./reload.ts";
import { KEY_SETTINGS } from "./settings.ts";

/** Reads the settings again and again, and exchanges the keys of a hub when they have changed. */
export function keysOf(
  running: Hub,
  { values, url, log, read }: { values: Values; url: string; log: OperationLog; read: () => Promise<Values> },
): Reloading {
  const files = [...keyFiles(values), ...values[FILE] === undefined ? [] : [values[FILE]]];
  let current = values;
  return new Reloading(files, async () => {
    const now = await read();
    const issuers = issuersOf(now, url);
    for (const { secret } of issuers) log.hide(secret as string | undefined);
    const ended = told(now, () => running.setIssuers(issuers));
    const changed = Object.keys(now).filter((name) => now[name] !== current[name]);
    current = now;
    if (changed.some((name) => KEY_SETTINGS.includes(name))) {
      log.info("keys-loaded", `The keys were exchanged, and ${ended} streams of old ones ended`, { ended });
    }
    const others = changed.filter((name) => !KEY_SETTINGS.includes(name));
    if (others.length === 0) return;
    const message = `These settings have changed too, and take effect at a restart: ${others.join(", ")}`;
    log.warn("restart-needed", message, { settings: others });
  }, log);
}
