/**
 * Answers token by token; the answer can be stopped, and goes on after a dropped connection with the very next token.
 *
 *     bun run examples/tokens/server.ts
 *     deno run -A examples/tokens/server.ts
 *     node --import tsx examples/tokens/server.ts
 *
 * TOKENS_PACE (40) is the milliseconds for each token.
 */

import process from "node:process";
import { numberSetting } from "../support/settings.ts";
import { type System, system } from "../support/system.ts";
import { createTokens } from "./tokens.ts";

const pace = numberSetting("TOKENS_PACE", process.env["TOKENS_PACE"], {
  default: 40,
  least: 1,
  most: 10_000,
});

export const tokens: System = await system(import.meta, createTokens({ pace }));
