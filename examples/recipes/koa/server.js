// Serves a feed from Koa: GET /events is the stream, POST /events publishes.
import { bodyParser } from "@koa/bodyparser";
import Router from "@koa/router";
import Koa from "koa";
import { Broadcaster } from "tidings";
import { toNodeListener } from "tidings/node";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });
const stream = toNodeListener((request) => feed.subscribe(request));

const router = new Router();

router.get("/events", (ctx) => {
  ctx.respond = false; // from here on the response is tidings'
  stream(ctx.req, ctx.res);
});

router.post("/events", async (ctx) => {
  ctx.body = { id: await feed.publish({ event: "note", data: ctx.request.body }) };
});

const server = new Koa().use(bodyParser()).use(router.routes()).listen(process.env.PORT ?? 3000);

process.once("SIGTERM", async () => {
  await feed.close({ retry: 1000 }); // first, for server.close() waits for every stream
  server.close();
});
