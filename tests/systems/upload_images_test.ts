/** Tests what the upload takes for a picture. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { imageKind } from "../../examples/upload/images.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));
const padded = (text: string) => bytes(text.padEnd(64, "\0"));

const PNG = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0";

test("every kind of picture is known by its first bytes", () => {
  const kinds: [string, string, string][] = [
    ["\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg", "jpg"],
    ["\xff\xd8\xff\xe1\0\x10Exif", "image/jpeg", "jpg"],
    ["\xff\xd8\xff\xdb\0C\0", "image/jpeg", "jpg"],
    [PNG, "image/png", "png"],
    ["GIF89a\x01\0\x01\0", "image/gif", "gif"],
    ["GIF87a\x01\0\x01\0", "image/gif", "gif"],
    ["RIFF\x10\0\0\0WEBPVP8 ", "image/webp", "webp"],
    ["RIFF\x10\0\0\0WEBPVP8L", "image/webp", "webp"],
    ["RIFF\x10\0\0\0WEBPVP8X", "image/webp", "webp"],
    ["\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B", "image/avif", "avif"],
    ["\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "image/avif", "avif"],
    ["\0\0\0\x20ftypavis\0\0\0\0avis", "image/avif", "avif"],
  ];
  for (const [head, type, extension] of kinds) {
    assert.deepEqual(imageKind(padded(head)), { type, extension }, JSON.stringify(head));
  }
});

test("HEIC is told apart, since few browsers show it", () => {
  assert.equal(imageKind(padded("\0\0\0\x18ftypheic\0\0\0\0mif1heic")), "heic");
  assert.equal(imageKind(padded("\0\0\0\x18ftypmif1\0\0\0\0mif1heic")), "heic");
});

test("everything else is none: text, SVG, HTML, films, and what only pretends", () => {
  const none = [
    "",
    "a",
    "Just a text that somebody called photo.jpg",
    "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "<!DOCTYPE html><script>alert(1)</script>",
    "%PDF-1.7",
    "\x89PNG\r\n\x1a\n and then nothing of the kind",
    `${PNG.slice(0, 16)}\0\0\0\0\0\0\0\x01`, // no width
    "\xff\xd8\xff", // cut off
    "\xff\xd8\xff<script>",
    "GIF89a", // cut off
    "GIF89a\0\0\0\0", // no size
    "GIF99a\x01\0\x01\0",
    "RIFF\x10\0\0\0WAVEfmt ",
    "\0\0\0\x18ftypisom\0\0\0\0isommp42",
    "\0\0\0\x10ftypisom\0\0\0\0avif", // the brand stands behind the box
  ];
  for (const head of none) assert.equal(imageKind(bytes(head)), undefined, JSON.stringify(head));
});
