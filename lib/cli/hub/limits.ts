/**
 * Reads what a hub lets strangers and users do at most, and how it tells the addresses of its clients.
 *
 * @module
 */

import { show } from "../../base/errors.ts";
import type { HubLimits, HubOptions } from "../../hub/mod.ts";
import { CommandError } from "../command.ts";
import type { Setting, Values } from "../settings.ts";

const LIMITS = "limits";
const ADDRESS_HEADER = "address-header";

export const LIMIT_SETTINGS: readonly Setting[] = [
  {
    name: LIMITS,
    variable: "TIDINGS_LIMITS",
    value: "<list>",
    help: "limits of createHub() by their names, such as streams=9000",
  },
  {
    name: ADDRESS_HEADER,
    variable: "TIDINGS_ADDRESS_HEADER",
    value: "<name>",
    help: "the header where a proxy tells a client's address",
  },
];

/**
 * Reads the limits, and how an address is told.
 *
 * @throws {CommandError} If one is no number, or is there twice, or can hold nobody back.
 */
export function limitsOf(values: Values): Pick<HubOptions, "limits" | "address"> {
  const limits: Record<string, number> = {};
  for (const entry of (values[LIMITS] ?? "").split(",").map((each) => each.trim())) {
    if (entry === "") continue;
    const [, name, number] = /^(\w+)\s*=\s*(\d+)$/.exec(entry) ?? [];
    if (name === undefined) {
      throw new CommandError(
        `The setting "${LIMITS}" must be a list such as streams=9000,publishRate=50, received ${show(entry)}`,
      );
    }
    if (Object.hasOwn(limits, name)) {
      throw new CommandError(
        `The setting "${LIMITS}" must name each limit once, received ${show(name)} twice`,
      );
    }
    limits[name] = Number(number);
  }
  const header = values[ADDRESS_HEADER];
  if ((header === undefined) !== (limits["streamsPerAddress"] === undefined)) {
    throw new CommandError(
      `Give the settings "${ADDRESS_HEADER}" and streamsPerAddress in "${LIMITS}" together: the header tells whom to count`,
    );
  }
  return { limits: limits as HubLimits, address: header === undefined ? undefined : addressIn(header) };
}

/** Reads the last address of a list: a proxy adds the one that it saw, and what stands before it anybody may have sent. */
function addressIn(header: string): (request: Request) => string | undefined {
  try {
    new Headers([[header, ""]]);
  } catch {
    throw new CommandError(
      `The setting "${ADDRESS_HEADER}" must be a header's name, received ${show(header)}`,
    );
  }
  return ({ headers }) => /[^,]*$/.exec(headers.get(header) ?? "")![0].trim() || undefined;
}
