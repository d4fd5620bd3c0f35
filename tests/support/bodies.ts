/**
 * Reads what HTTP/1.1's chunked coding (RFC 9112, 7.1) wraps, strictly.
 *
 * @module
 */

import assert from "node:assert/strict";

/** The bodies of a connection's responses, taken out of HTTP/1.1's chunks strictly. The last may be under way. */
export function bodiesOf(text: string): string[] {
  return text.split("HTTP/1.1 200 OK\r\n").slice(1).map((response) => {
    const body = response.slice(response.indexOf("\r\n\r\n") + 4);
    assert.match(response, /^Transfer-Encoding: chunked\r$/im);
    // Sizes count bytes.
    const bytes = new TextEncoder().encode(body);
    const slice = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to));
    let content = "";
    for (let at = 0; at < bytes.length;) {
      const line = /^([0-9a-f]+)\r\n/.exec(slice(at, at + 10));
      assert.ok(line, `no chunk begins at ${at}: ${JSON.stringify(slice(at, at + 80))}`);
      const start = at + line[0].length;
      const end = start + Number.parseInt(line[1]!, 16);
      assert.equal(slice(end, end + 2), "\r\n", `the chunk at ${at} does not end where it says`);
      content += slice(start, end);
      at = end + 2;
      if (start === end) {
        assert.equal(at, bytes.length, "something follows the last chunk");
        content += "<END>";
      }
    }
    return content;
  });
}
