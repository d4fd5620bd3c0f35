// Tests that a request's path is what `URL` says it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathOf } from "../../lib/base/path.ts";

const ADDRESSES = [
  "http://localhost",
  "http://localhost/",
  "http://localhost?a=/b",
  "http://localhost#/b",
  "http://localhost:8080/a/b/../c",
  "http://user:pass@localhost/a?x=1#y",
  "http://localhost/a#y?x=1",
  "http://localhost//a//b",
  "http://[::1]:80/a%2fb",
  "http://localhost/ü?ü",
  "http://localhost/a\\b",
];

for (const address of ADDRESSES) {
  test(`the path of ${address}`, () => {
    let request: Request;
    try {
      request = new Request(address);
    } catch {
      // What holds credentials is refused by some runtimes.
      return assert.match(address, /@/);
    }
    assert.equal(pathOf(request), new URL(address).pathname);
  });
}
