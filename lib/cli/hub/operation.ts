/**
 * Says in the log of `tidings hub` what becomes of requests, streams and the engine.
 *
 * @module
 */

import type { TidingsError } from "../../base/errors.ts";
import type { RefusalReason, RefusedInfo } from "../../hub/mod.ts";
import type { CloseReason } from "../../stream/options.ts";
import type { OperationLog } from "./log.ts";

// What strangers and browsers send all the time, and no operator has to do anything about.
const ORDINARY: readonly RefusalReason[] = ["token-missing", "not-found", "wrong-method"];

/** Hooks of a hub, all of them there. */
export interface HubHooks {
  onError(error: unknown): void;
  onRefused(info: RefusedInfo, request: Request): void;
}

/** Hooks of a broadcaster, all of them there. */
export interface BroadcasterHooks {
  onError(error: TidingsError): void;
  onClose(info: { readonly reason: CloseReason }, request: Request): void;
}

/** The hooks of the hub. */
export function hubHooks(log: OperationLog): HubHooks {
  return {
    onError: (error) => log.error("failure", "Something went wrong in the hub", error),
    onRefused: ({ status, reason, detail, why }, { method, url }) => {
      if (ORDINARY.includes(reason)) return;
      // Only the path: the query may hold a token.
      const path = new URL(url).pathname;
      const fields = { status, reason, why: why ?? detail, method, path };
      log.warn("refused", `Refused ${method} ${path} with ${status}, ${reason}: ${why ?? detail}`, fields);
    },
  };
}

/** The hooks of the broadcaster. */
export function broadcasterHooks(log: OperationLog): BroadcasterHooks {
  return {
    onError: (error) => log.error("engine", "Trouble with the engine", error),
    onClose: ({ reason }, { url }) => {
      if (reason !== "lagging") return;
      const query = [...new URL(url).searchParams];
      const matchers = query.filter(([name]) => name.startsWith("match")).map(([name, value]) =>
        `${name}=${value}`
      );
      log.warn(
        "slow-client",
        `Cut off a client that did not take what waited for it: ${matchers.join(" ")}`,
        {
          matchers,
        },
      );
    },
  };
}
