/**
 * Says in the log of `tidings hub` what becomes of requests, streams and the engine.
 *
 * @module
 */

import { TidingsError } from "../../base/errors.ts";
import type { HubOptions, RefusalReason } from "../../hub/mod.ts";
import type { CloseInfo } from "../../stream/options.ts";
import type { OperationLog } from "./log.ts";

// What strangers and browsers send all the time, and no operator has to do anything about.
const ORDINARY: readonly RefusalReason[] = ["token-missing", "not-found", "wrong-method"];

/** Hooks of a hub, all of them there. */
export interface Hooks {
  readonly onError: NonNullable<HubOptions["onError"]>;
  readonly onRefused: NonNullable<HubOptions["onRefused"]>;
  onClose(info: Pick<CloseInfo, "reason">, request: Request): void;
}

/** The hooks that write into the log. */
export function hooks(log: OperationLog): Hooks {
  return {
    onError: (error) => {
      // The hub's broadcaster tells of its engine by such an error; all else is the hub's own trouble.
      if (error instanceof TidingsError) log.error("engine", "Trouble with the engine", error);
      else log.error("failure", "Something went wrong in the hub", error);
    },
    onRefused: ({ status, reason, detail, why }, { method, url }) => {
      if (ORDINARY.includes(reason)) return;
      // Only the path: the query may hold a token.
      const path = new URL(url).pathname;
      const fields = { status, reason, why: why ?? detail, method, path };
      log.warn("refused", `Refused ${method} ${path} with ${status}, ${reason}: ${why ?? detail}`, fields);
    },
    onClose: ({ reason }, { url }) => {
      if (reason !== "lagging") return;
      const query = [...new URL(url).searchParams];
      const matchers = query.filter(([name]) => name.startsWith("match")).map(([name, value]) =>
        `${name}=${value}`
      );
      const message = `Cut off a client that did not take what waited for it: ${matchers.join(" ")}`;
      log.warn("slow-client", message, { matchers });
    },
  };
}
