// The bindings to React, Vue and Svelte, with the real frameworks: in real browsers against a server that goes away and
// comes back, and drawn on a server, where nothing may be opened.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compile } from "svelte/compiler";
import { serve, until } from "./client_setup.mjs";
import { describeBrowsers } from "./each.mjs";

const FRAMEWORKS = ["react", "vue", "svelte"];

/** How each framework makes a page's text of its app, on a server. */
const RENDER = {
  react: `import { createElement } from "react";
    import { renderToString } from "react-dom/server";
    export const render = (App, props) => renderToString(createElement(App, props));`,
  vue: `import { createSSRApp } from "vue";
    import { renderToString } from "vue/server-renderer";
    export const render = (App, props) => renderToString(createSSRApp(App, props));`,
  svelte: `import { render as draw } from "svelte/server";
    export const render = async (App, props) => (await draw(App, { props })).body;`,
};

/** The app of a framework as one module: for a page, or for a server. */
async function bundle(framework, generate = "client") {
  const isServer = generate === "server";
  const { outputFiles } = await build({
    stdin: {
      contents: `export * from "./${framework}.mjs";${isServer ? RENDER[framework] : ""}`,
      resolveDir: fileURLToPath(new URL("bindings", import.meta.url)),
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: isServer ? "node" : "browser",
    // What a page's bundler says too, and what CommonJS needs on Node.
    define: {
      __VUE_OPTIONS_API__: "true",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    banner: isServer
      ? {
        js:
          `import { createRequire } from "node:module"; const require = createRequire("${import.meta.url}");`,
      }
      : {},
    tsconfig: fileURLToPath(new URL("../../tsconfig.json", import.meta.url)),
    plugins: [{
      name: "svelte",
      setup: ({ onLoad }) =>
        onLoad({ filter: /\.svelte$/ }, async ({ path }) => ({
          contents: compile(await readFile(path, "utf8"), { filename: path, generate }).js.code,
        })),
    }],
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** A server of numbered events, which it keeps: whoever comes back with an id gets what is after it. */
async function start(code, log = { last: 0, port: 0 }) {
  const streams = new Map();
  const requests = [];
  const frame = (n) => `id: ${n}\ndata: {"n":${n}}\n\n`;
  const server = await serve(code, (request, response) => {
    requests.push(request.url);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(":\n\n");
    for (let n = Number(request.headers["last-event-id"] ?? log.last) + 1; n <= log.last; n++) {
      response.write(frame(n));
    }
    streams.set(response, request.url);
    response.on("close", () => streams.delete(response));
  }, log.port);
  log.port = server.port;
  const publish = (count) => {
    for (let left = count; left > 0; left--) {
      log.last++;
      for (const response of streams.keys()) response.write(frame(log.last));
    }
  };
  return { ...server, log, requests, publish, paths: () => [...streams.values()] };
}

describeBrowsers((browser) => {
  for (const framework of FRAMEWORKS) {
    test(`${framework}: one connection for all, over a change of URL and a restart`, async () => {
      const code = await bundle(framework);
      let server = await start(code);
      const open = async () => {
        const page = await browser().newPage();
        const errors = [];
        page.on("pageerror", (error) => errors.push(String(error)));
        await page.goto(server.origin);
        await page.evaluate(async () => {
          globalThis.app = await import("/client.js");
          app.mount(document.body, "/events");
        });
        const drawn = async (text) => {
          const wanted = JSON.stringify([text, text]);
          const outputs = () =>
            page.$$eval("output", (all) => JSON.stringify(all.map((it) => it.textContent)));
          await until(
            async () => await outputs() === wanted,
            `${wanted}, in the end it was ${await outputs()}`,
          );
        };
        return { page, drawn, errors };
      };
      const first = await open();
      const second = await open();
      for (const { drawn } of [first, second]) await drawn("open ");
      server.publish(3);
      for (const { drawn } of [first, second]) await drawn("open 1,2,3");
      // Two tabs, two components in each, React's in strict mode.
      assert.deepEqual(server.requests, ["/events"]);
      await second.page.close();
      await until(() => server.paths().length === 1, "one connection, whoever held it");

      await first.page.evaluate(() => go("/other"));
      await first.drawn("open ");
      await until(() => server.paths().join() === "/other", "only the new connection");
      server.publish(1);
      await first.drawn("open 4");

      await server.kill();
      await until(
        async () => !/open/.test(await first.page.$eval("output", (it) => it.textContent)),
        "the loss to be drawn",
      );
      server.publish(2);
      server = await start(code, server.log);
      await first.drawn("open 4,5,6");

      await first.page.evaluate(() => app.unmount());
      await until(() => server.paths().length === 0, "the page to leave");
      await first.page.evaluate(() => app.mount(document.body, "/events"));
      await first.drawn("open ");
      await first.page.close();
      await until(() => server.paths().length === 0, "the closed page to leave");
      assert.deepEqual(first.errors, []);
      await server.kill();
    });
  }
}, { timeout: 300_000 });

for (const framework of FRAMEWORKS) {
  test(`${framework}: on a server nothing is opened`, async () => {
    const code = await bundle(framework, "server");
    const { App, render } = await import(
      `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
    );
    const asked = [];
    const { fetch } = globalThis;
    globalThis.fetch = (url) => asked.push(String(url));
    try {
      const html = await render(App, { url: "http://127.0.0.1:9/events" });
      assert.equal(html.match(/connecting/g).length, 2, html);
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(asked, []);
    } finally {
      globalThis.fetch = fetch;
    }
  });
}
