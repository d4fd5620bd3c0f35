/** Serves what the front page shows: the feed of prices with its code, and a figure of each system, pushed when it changes. */

import { readFile } from "node:fs/promises";
import { StateFeed } from "../support/state_feed.ts";
import type { System, SystemParts } from "../support/system.ts";
import { countFolder, shownLines } from "./lines.ts";
import { close as closePrices, prices } from "./prices.ts";

/** Milliseconds between two looks at the figures. */
const LOOK = 1_000;

/** How this runtime starts a program in TypeScript. */
const START = "Bun" in globalThis ? "bun run" : "Deno" in globalThis ? "deno run -A" : "node --import tsx";

/**
 * The front page's routes, and what ends it.
 *
 * @param systems Each by the name of its folder.
 */
export async function createGallery(systems: Readonly<Record<string, System>>): Promise<SystemParts> {
  const code = shownLines("gallery/prices.ts", await readFile(new URL("prices.ts", import.meta.url), "utf8"));
  const names = [...Object.keys(systems), "cluster"]; // which is no part of this server
  const counts = await Promise.all(
    names.map(async (name) => [name, await countFolder(new URL(`../${name}/`, import.meta.url))] as const),
  );
  const about = { code, start: START, lines: Object.fromEntries(counts) };

  const feed = new StateFeed();
  const figures = () =>
    Object.fromEntries(Object.entries(systems).map(([name, { figure }]) => [name, figure?.()]));
  let told = JSON.stringify(figures());
  let visitors = 0;
  const timer = setInterval(() => {
    const now = figures();
    const text = JSON.stringify(now);
    if (text === told) return;
    told = text;
    feed.publish("figures", ["figures", now]);
  }, LOOK);

  return {
    routes: {
      "GET /gallery/about": () => Response.json(about, { headers: { "cache-control": "no-cache" } }),
      "GET /gallery/prices": prices,
      // Each visitor is an owner of its own: as many as like may look.
      "GET /gallery/figures": (request) =>
        feed.subscribe(request, "figures", [["figures", figures()]], { owner: `visitor ${++visitors}` }),
    },
    close: async () => {
      clearInterval(timer);
      await Promise.all([feed.close(), closePrices()]);
    },
  };
}
