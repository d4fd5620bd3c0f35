// Serves a feed beside a tRPC router: GET /events is the stream, the mutation "write" publishes.
import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { Broadcaster } from "tidings";
import { serve } from "tidings/serve";

const feed = new Broadcaster({
  onClose: () => console.log(`A client left, ${feed.size} are here`),
});

const { procedure, router } = initTRPC.create();

const app = router({
  write: procedure.input((note) => note) // a validator, for example of zod
    .mutation(async ({ input }) => ({
      id: await feed.publish({ event: "note", data: input }),
    })),
});

await serve((request) => {
  if (new URL(request.url).pathname === "/events") {
    return feed.subscribe(request);
  }
  return fetchRequestHandler({ endpoint: "/trpc", req: request, router: app });
}, {
  port: Number(process.env.PORT ?? 3000),
  signals: true,
  drain: () => feed.close({ retry: 1000 }), // at SIGTERM
});
