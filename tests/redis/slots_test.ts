// Tests which slot of a cluster a key lies in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { crc16, slotOf } from "../../lib/redis/slots.ts";

test("a key is hashed as Redis does", () => {
  // The check value of CRC-16/XMODEM, and what CLUSTER KEYSLOT says.
  assert.equal(crc16("123456789"), 0x31c3);
  const slots: [string, number][] = [["foo", 12_182], ["", 0], ["{user1000}.following", 3_443], [
    "é🙂",
    10_804,
  ]];
  for (const [key, slot] of slots) assert.equal(slotOf(key), slot, key);
});

test("the first braces say the slot, unless there is nothing between them", () => {
  assert.equal(slotOf("{user1000}.following"), slotOf("{user1000}.followers"));
  assert.equal(slotOf("{user1000}.following"), slotOf("user1000"));
  assert.equal(slotOf("foo{bar}{zap}"), slotOf("bar"));
  assert.equal(slotOf("foo{{bar}}zap"), slotOf("{bar"));
  assert.notEqual(slotOf("foo{}{bar}"), slotOf("bar"));
  assert.notEqual(slotOf("foo{bar"), slotOf("bar"));
});
