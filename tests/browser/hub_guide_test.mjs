// The page of the guide to the hub, pasted as it stands there, shows what is published, and comes back by itself.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { grant, SECRET, sign } from "../support/hub.ts";
import { HubProcess } from "../support/hub_process.ts";
import { eachBrowser } from "./each.mjs";
import { waitFor } from "./support.mjs";

const guide = readFileSync(new URL("../../docs/guides/hub.md", import.meta.url), "utf8");
const [, html] = /^```html\n([^]*?)^```$/m.exec(guide);

/** The tokens' claims are those of the guide's own hub, at another port. */
async function running(t) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const claims = { iss: origin, aud: `${origin}/.well-known/mercure` };
  const token = await sign([grant("publish", "*")], { claims });
  const reader = await sign([grant("subscribe", "*")], { claims });
  const cookie = /^Set-Cookie: (.*)$/m.exec(guide)[1]
    .replace(/=eyJ[^;]+/, `=${reader}`).replace(/Domain=[^;]+; /, "");
  const pages = createServer((request, response) => {
    const isPrivate = request.url === "/private";
    const page = html.replaceAll("http://localhost:8080", origin);
    response.writeHead(200, { "content-type": "text/html", ...(isPrivate ? { "set-cookie": cookie } : {}) });
    response.end(
      isPrivate ? page.replace("EventSource(hub)", "EventSource(hub, { withCredentials: true })") : page,
    );
  }).listen(0, "127.0.0.1");
  await once(pages, "listening");
  t.after(() => pages.close());
  const page = `http://localhost:${pages.address().port}`;
  const startHub = async () => {
    const args = ["--port", `${port}`, "--memory", "--anonymous", "--subscriptions", "--cors", page];
    const hub = await HubProcess.startBare(args, { TIDINGS_JWT_SECRET: SECRET, TIDINGS_URL: claims.aud });
    await hub.untilReady();
    return hub;
  };
  let hub = await startHub();
  t.after(() => hub.kill());
  return {
    page,
    stop: async () => {
      hub.signal("SIGTERM");
      await hub.ended;
    },
    start: async () => {
      hub = await startHub();
    },
    publish: async (fields) => {
      const topic = "https://shop.example/orders/7";
      const headers = { authorization: `Bearer ${token}` };
      const body = new URLSearchParams({ topic, ...fields });
      assert.equal((await fetch(claims.aud, { method: "POST", headers, body })).status, 200);
    },
  };
}

const shown = (page, text) =>
  waitFor(
    page,
    (text) => [...document.querySelectorAll("li")].some((item) => item.textContent.includes(text)),
    text,
  );
const isOpen = (page) => waitFor(page, () => events.readyState === EventSource.OPEN);

eachBrowser(
  "the guide's page shows updates, and after a new start of the hub what it missed is told",
  async (browser, t) => {
    const { page: url, publish, stop, start } = await running(t);
    const page = await browser.newPage();
    await page.goto(url);
    await isOpen(page);
    await publish({ data: "a secret", private: "on" });
    await publish({ data: '{"state":"paid"}' });
    await shown(page, '{"state":"paid"} (');
    await page.evaluate(() => {
      globalThis.errors = 0;
      events.addEventListener("error", () => globalThis.errors++);
    });
    await stop();
    // The stream that ends is the first error, and a connection that is refused the second.
    await waitFor(page, () => globalThis.errors >= 2);
    await start();
    await shown(page, "Some updates are missing");
    await publish({ data: "after" });
    await shown(page, "after (");
    assert.ok(!(await page.$eval("ul", (list) => list.textContent)).includes("secret"));
    await page.close();
  },
);

eachBrowser("with the guide's cookie a page gets private updates", async (browser, t) => {
  const { page: url, publish } = await running(t);
  const page = await browser.newPage();
  await page.goto(`${url}/private`);
  await isOpen(page);
  await publish({ data: "a secret", private: "on" });
  await shown(page, "a secret (");
  await page.close();
});
