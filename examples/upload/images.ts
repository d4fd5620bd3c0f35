/** Tells what kind of picture some bytes are, by the bytes alone: neither a name nor a header is believed. */

/** A kind of picture that every current browser shows. */
export interface ImageKind {
  /** Its media type. */
  readonly type: string;
  /** Its file extension. */
  readonly extension: string;
}

/** The bytes that {@linkcode imageKind} wants to see, where there are as many. */
export const HEAD = 64;

const JPEG: ImageKind = { type: "image/jpeg", extension: "jpg" };
const PNG: ImageKind = { type: "image/png", extension: "png" };
const GIF: ImageKind = { type: "image/gif", extension: "gif" };
const WEBP: ImageKind = { type: "image/webp", extension: "webp" };
const AVIF: ImageKind = { type: "image/avif", extension: "avif" };

/**
 * The kind of picture that begins with these bytes. `"heic"` is a picture too, but one that few browsers show;
 * `undefined` is none, or one that can carry scripts, as SVG does.
 */
export function imageKind(head: Uint8Array): ImageKind | "heic" | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  const number = (from: number, length: number) =>
    head.subarray(from, from + length).reduce((sum, byte) => sum * 256 + byte, 0);

  // Start of image, and the marker of the first segment: E0 to EF, a table, a frame or a comment.
  if (text(0, 3) === "\xff\xd8\xff" && head[3]! >= 0xc0 && head[3]! < 0xff) return JPEG;
  // The signature, and the header chunk with a width and a height.
  if (text(0, 16) === "\x89PNG\r\n\x1a\n\0\0\0\rIHDR" && number(16, 4) > 0 && number(20, 4) > 0) return PNG;
  if (/^GIF8[79]a$/.test(text(0, 6)) && number(6, 2) > 0 && number(8, 2) > 0) return GIF;
  if (text(0, 4) === "RIFF" && /^WEBPVP8[ LX]$/.test(text(8, 16))) return WEBP;
  // A box that lists the brands: the major one, a version, and those that it is compatible with.
  if (text(4, 8) === "ftyp") {
    const brands = text(8, 12) + text(16, Math.min(number(0, 4), head.length));
    if (/avif|avis/.test(brands)) return AVIF;
    if (/hei[cxms]|hev[cxms]|mif1|msf1/.test(brands)) return "heic";
  }
  return undefined;
}
