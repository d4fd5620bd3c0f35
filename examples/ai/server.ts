/**
 * Serves a chat of the AI SDK whose answers are resumed and stopped on any device; client.ts is one for the terminal.
 *
 *     bun run examples/ai/server.ts
 *     deno run -A examples/ai/server.ts
 *     node --import tsx examples/ai/server.ts
 *
 * AI_PACE (150) is the milliseconds for each word: the model is a mock, and needs no key. DATA is a file that
 * keeps the answers, REDIS_URL a Redis, by which any number of such servers have their answers in common.
 */

import process from "node:process";
import { router } from "../support/router.ts";
import { run } from "../support/run.ts";
import { numberSetting } from "../support/settings.ts";
import { workStore } from "../support/work.ts";
import { createChat } from "./chat.ts";
import { speaker } from "./model.ts";

const pace = numberSetting("AI_PACE", process.env["AI_PACE"], { default: 150, least: 1, most: 10_000 });

const { routes, close } = createChat({ model: speaker({ pace }), store: await workStore("ai") });
await run(router(routes), close);
