/**
 * Upload from the phone, by QR code, and see it on the desktop.
 *
 *     bun run examples/upload/server.ts
 *     deno run -A examples/upload/server.ts
 *     node --import tsx examples/upload/server.ts
 *
 * UPLOAD_MINUTES (30) says how long a code is good.
 */

import process from "node:process";
import { bundled } from "../support/client.ts";
import { type System, system } from "../support/system.ts";
import { createUpload } from "./upload.ts";

const { HOST = "0.0.0.0", UPLOAD_MINUTES } = process.env;
const minutes = Number(UPLOAD_MINUTES || 30);
// A day is long enough for a code, and timers cannot be set for much longer than three weeks.
if (!(minutes > 0 && minutes <= 1_440)) {
  console.error(`UPLOAD_MINUTES must be a number above 0, at most 1440, received "${UPLOAD_MINUTES}"`);
  process.exit(1);
}

const { routes, close } = createUpload({
  lifetime: minutes * 60_000,
  // A server that listens on the loopback alone has no address for a phone.
  ...(/^(localhost|127\.|\[?::1)/.test(HOST) ? { addresses: () => [] } : {}),
});

export const upload: System = await system(import.meta, {
  routes: { ...routes, "GET /upload/qr.js": bundled(new URL("./qr.ts", import.meta.url)) },
  close,
});
