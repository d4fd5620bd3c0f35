/**
 * Answers token by token; an answer goes on after a dropped connection with the very next token, and any page stops it.
 *
 *     bun run examples/tokens/server.ts
 *     deno run -A examples/tokens/server.ts
 *     node --import tsx examples/tokens/server.ts
 *
 * TOKENS_PACE (40) is the milliseconds for each token. DATA is a file that keeps the answers: after `kill -9` each is read on
 * from where its reader was, and one that was still being made ends there. REDIS_URL is a Redis, by which any number of such
 * servers have their answers in common: each is read and stopped on all of them.
 */

import process from "node:process";
import { numberSetting } from "../support/settings.ts";
import { type System, system } from "../support/system.ts";
import { workStore } from "../support/work.ts";
import { createTokens } from "./tokens.ts";

const pace = numberSetting("TOKENS_PACE", process.env["TOKENS_PACE"], {
  default: 40,
  least: 1,
  most: 10_000,
});

export const tokens: System = await system(
  import.meta,
  createTokens({ pace, store: await workStore("tokens") }),
);
