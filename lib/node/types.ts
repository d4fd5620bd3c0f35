/**
 * Names the types that the adapter works with: Node's requests and responses, and fetch handlers.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** What every web-standard runtime serves: a function from a request to its response. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/** Node's request, of HTTP/1.1 or HTTP/2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** Node's response, of HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** A handler that never fails. */
export type SafeHandler = (request: Request) => Promise<Response>;
