/**
 * Makes a hub by its settings, and says of an option that is wrong which setting it came from.
 *
 * @module
 */

import { createHub, type Hub, type HubOptions } from "../../hub/mod.ts";
import { CommandError } from "../command.ts";
import type { Values } from "../settings.ts";
import { aboutSettings } from "./issuers.ts";

/** Makes a hub by settings. */
export function make(options: HubOptions, values: Values): Hub {
  return told(values, () => createHub(options));
}

/** What is wrong with an option of the hub's is wrong with a setting. */
export function told<T>(values: Values, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError(aboutSettings(error.message, values));
  }
}
