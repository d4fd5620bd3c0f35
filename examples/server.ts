/**
 * Runs the gallery: every system of this folder on one server, and a front page with a live figure of each.
 *
 *     bun run examples/server.ts
 *     deno run -A examples/server.ts
 *     npm start
 *
 * `DATA=./tidings.db` is a file by which most of them go on after `kill -9`: see README.md.
 */

import { createGallery } from "./gallery/routes.ts";
import { dashboard } from "./dashboard/server.ts";
import { introduction } from "./introduction/server.ts";
import { namedEvents } from "./named-events/server.ts";
import { job } from "./job/server.ts";
import { folder } from "./support/files.ts";
import { router } from "./support/router.ts";
import { run } from "./support/run.ts";
import { shared } from "./support/system.ts";
import { ticker } from "./ticker/server.ts";
import { tokens } from "./tokens/server.ts";
import { upload } from "./upload/server.ts";

/** By their folders. */
const systems = { introduction, ticker, "named-events": namedEvents, dashboard, upload, tokens, job };
const gallery = await createGallery(systems);
const front = await folder("/gallery/", new URL("./gallery/", import.meta.url));
const fetch = router(
  { "GET /": front["GET /gallery/"]! },
  front,
  gallery.routes,
  shared,
  ...Object.values(systems).map(({ routes }) => routes),
);

await run(fetch, async () => {
  await Promise.all([gallery, ...Object.values(systems)].map(({ close }) => close()));
});
