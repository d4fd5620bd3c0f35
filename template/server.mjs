// server.mjs
import { readFile } from "node:fs/promises";
import { Broadcaster, createSSEResponse } from "tidings";
import { serve } from "tidings/serve";

const page = await readFile(new URL("index.html", import.meta.url));
const market = new Broadcaster();
const ticker = setInterval(() => {
  market.publish({ event: "price", data: { symbol: "ACME", amount: 12 + Math.random() } });
}, 1000);

async function* answer() { // a language model, for example
  for (const word of ["One", "word", "after", "the", "other."]) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    yield word;
  }
}

const server = await serve((request) => {
  switch (new URL(request.url).pathname) {
    case "/prices":
      return market.subscribe(request);
    case "/answer":
      return createSSEResponse(request, answer());
    default:
      return new Response(page, { headers: { "content-type": "text/html" } });
  }
}, {
  port: 8080,
  signals: true, // Ctrl-C, or a container's SIGTERM, ends it in good order
  drain() {
    clearInterval(ticker);
    return market.close({ retry: 1000 });
  },
});
console.log(`Open ${server.url}`);
