/**
 * Answers the operator of a running hub: with its figures, to whoever has the admin token.
 *
 * @module
 */

import type { Hub } from "../../hub/mod.ts";
import type { Admin } from "./admin.ts";
import { EXPOSITION_TYPE } from "./exposition.ts";
import type { Guard } from "./guard.ts";
import type { OperationLog } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What the operator is shown, and by whom. */
export interface OperatorParts {
  readonly hub: Hub;
  readonly guard: Guard;
  readonly metrics: Metrics;
  readonly admin: Admin;
  readonly log: OperationLog;
}

export class Operator {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  /** The answer to a request that is for the operator; `undefined` for any other. */
  answer(request: Request, path: string): Response | Promise<Response> | undefined {
    if (path === "/metrics") return this.#metrics(request);
    return `${path}/`.startsWith("/admin/") ? this.#parts.admin.answer(request, path) : undefined;
  }

  #metrics(request: Request): Response {
    const { hub, guard, metrics } = this.#parts;
    if (!guard.hasToken(request)) return this.#refuse("/metrics");
    return new Response(metrics.text(hub), {
      headers: { "content-type": EXPOSITION_TYPE, "cache-control": "no-store" },
    });
  }

  #refuse(path: string): Response {
    this.#parts.log.warn("admin-refused", `Refused ${path}: the admin token is missing or wrong`, { path });
    return new Response("This takes the admin token, as a Bearer token\n", {
      status: 401,
      headers: { "www-authenticate": "Bearer", "cache-control": "no-store" },
    });
  }
}
