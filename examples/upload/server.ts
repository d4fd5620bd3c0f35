/**
 * Shows pictures on the desktop that a phone uploads, by QR code.
 *
 *     bun run examples/upload/server.ts
 *     deno run -A examples/upload/server.ts
 *     node --import tsx examples/upload/server.ts
 *
 * UPLOAD_MINUTES (30) says how long a code is good, UPLOAD_FOLDER where the folder for the pictures is made (the system's
 * place for temporary files). It goes when the server ends; a server that is killed leaves it behind.
 */

import process from "node:process";
import { built } from "../support/built.ts";
import { numberSetting } from "../support/settings.ts";
import { type System, system } from "../support/system.ts";
import { createUpload } from "./upload.ts";

const { HOST = "0.0.0.0", UPLOAD_MINUTES, UPLOAD_FOLDER } = process.env;
// A day is long enough for a code, and a timer cannot run much longer than three weeks.
const minutes = numberSetting("UPLOAD_MINUTES", UPLOAD_MINUTES, { default: 30, least: 0.01, most: 1_440 });

const { routes, ...rest } = createUpload({
  lifetime: minutes * 60_000,
  ...(UPLOAD_FOLDER ? { parent: UPLOAD_FOLDER } : {}),
  // A server that listens on the loopback alone has no address for a phone.
  ...(/^(localhost|127\.|\[?::1)/.test(HOST) ? { addresses: () => [] } : {}),
});

export const upload: System = await system(import.meta, {
  routes: { ...routes, "GET /upload/qr.js": await built("qr.js") },
  ...rest,
});
