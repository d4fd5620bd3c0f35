// Tests where the phone of the upload finds its page, and that nobody guesses its code.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { newIdentifier } from "../../examples/upload/code.js";
import { phoneLinks } from "../../examples/upload/link.js";

const code = { member: "1", identifier: "0123456789abcdef0123456789abcdef" };
const hash = "#member_id=1&identifier=0123456789abcdef0123456789abcdef";
const addresses = ["192.0.2.7", "198.51.100.9"];

test("a page at localhost points the phone to the machine's addresses, on the same port", () => {
  for (const host of ["localhost", "127.0.0.1", "[::1]", "app.localhost"]) {
    assert.deepEqual(phoneLinks(`http://${host}:8080/upload/?lang=zh#x`, { ...code, addresses }), {
      links: addresses.map((address) => `http://${address}:8080/upload/phone.html${hash}`),
      reachable: true,
    });
  }
});

test("a page at a name or an address of its own keeps it", () => {
  for (const origin of ["http://192.0.2.7:8080", "https://example.com", "http://desk.local"]) {
    assert.deepEqual(phoneLinks(`${origin}/upload/`, { ...code, addresses }), {
      links: [`${origin}/upload/phone.html${hash}`],
      reachable: true,
    });
  }
});

test("where no phone can come to it, the link stays, and that is said", () => {
  const here = { links: [`http://localhost:8080/upload/phone.html${hash}`], reachable: false };
  assert.deepEqual(phoneLinks("http://localhost:8080/upload/", { ...code, addresses: [] }), here);
  // No certificate is made out to an address.
  assert.deepEqual(phoneLinks("https://localhost/upload/", { ...code, addresses }), {
    links: [`https://localhost/upload/phone.html${hash}`],
    reachable: false,
  });
});

// Node 18 has no global `crypto`, which every browser has.
const skip = Number(process.versions.node.split(".")[0]) < 20 && "needs the global crypto";
test("a code is 128 random bits", { skip }, () => {
  const codes = Array.from({ length: 1_000 }, newIdentifier);
  assert.equal(new Set(codes).size, 1_000);
  assert.ok(codes.every((code) => /^[0-9a-f]{32}$/.test(code)));
  // Each of the 128 bits is set about as often as not.
  for (let bit = 0; bit < 128; bit++) {
    const set = codes.filter((code) => parseInt(code[bit >> 2]!, 16) >> (bit & 3) & 1).length;
    assert.ok(set > 350 && set < 650, `bit ${bit} is set in ${set} of 1,000`);
  }
});
