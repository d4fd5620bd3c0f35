/**
 * Makes the answers of a hub that are documents.
 *
 * @module
 */

import { textResponse } from "../base/text_response.ts";

export const JSON_TYPE = "application/json";

export function json(document: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return textResponse(JSON.stringify(document), { headers: { "content-type": JSON_TYPE, ...headers } });
}
