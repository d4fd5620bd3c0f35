// Tells everyone the time, as the smallest complete program: bun run, deno run -A, or node --import tsx examples/introduction/server.ts
import { Broadcaster } from "tidings";
import { onChange } from "../support/change.ts";
import { type System, system } from "../support/system.ts";

const news = new Broadcaster();
const say = onChange((consumers) => console.log(`introduction: ${consumers} consumers`));
const timer = setInterval(() => {
  news.publish(`It is ${new Date().toISOString()}`);
  say(news.size);
}, 2_000);
export const introduction: System = await system(import.meta, {
  routes: { "GET /introduction/events": (request) => news.subscribe(request) },
  figure: () => news.stats().published,
  close: () => news.close().then(() => clearInterval(timer)),
});
