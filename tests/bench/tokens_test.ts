// The check of what readers of resumable streams received must be able to fail: it is fed what a broken library would deliver.
import assert from "node:assert/strict";
import { test } from "node:test";

// The bench is a package of its own, in JavaScript.
const path = new URL("../../bench/resumable/tokens.mjs", import.meta.url).href;
const { check, frameOf, isLast } = await import(path) as {
  check(text: string, stream: number, expected?: number): { tokens: number; fault: string | undefined };
  frameOf(stream: number, token: number): string;
  isLast(text: string, stream: number, token: number): boolean;
};

const received = (...tokens: number[]) => tokens.map((token) => frameOf(7, token)).join("");

test("a reader's tokens are all there, once and in order, or the check says what is wrong", () => {
  assert.deepEqual(check(received(0, 1, 2), 7, 3), { tokens: 3, fault: undefined });
  assert.equal(check(received(0, 1), 7, 3).fault, "2 of 3 tokens of stream 7 came");
  assert.equal(check(received(0, 1, 1, 2), 7, 4).fault, "token 1 of stream 7 came where 2 was due");
  assert.equal(check(received(0, 2, 1), 7, 3).fault, "token 2 of stream 7 came where 1 was due");
  assert.equal(check(received(1, 2), 7).fault, "token 1 of stream 7 came where 0 was due");
  assert.equal(check(frameOf(8, 0), 7, 1).fault, "a token of stream 8 came to a reader of 7");
  assert.deepEqual(check("", 7), { tokens: 0, fault: undefined });
});

test("ids, and what is no token, are not looked at", () => {
  const text = `retry: 5\n\nid: e-1\n${frameOf(7, 0)}: beat\n\nid: e-2\n${
    frameOf(7, 1)
  }event: end\ndata: {}\n\n`;
  assert.deepEqual(check(text, 7, 2), { tokens: 2, fault: undefined });
  assert.ok(isLast(`id: e-2\n${frameOf(7, 1)}`, 7, 1));
  assert.ok(!isLast(received(0, 1, 2), 7, 1));
});
