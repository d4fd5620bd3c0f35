/**
 * Makes the answers of a hub that are documents.
 *
 * @module
 */

export const JSON_TYPE = "application/json";

export function json(document: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(document), { headers: { "content-type": JSON_TYPE, ...headers } });
}
