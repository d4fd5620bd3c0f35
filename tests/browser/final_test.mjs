// An EventSource stops when its stream has come to its end, and the source does not run again.
import assert from "node:assert/strict";
import { eachBrowser } from "./each.mjs";
import { runtimeNames, startServer } from "./server.mjs";

eachBrowser(
  "a source that has come to its end runs once, and with final: false again and again",
  async (browser, t) => {
    for (const runtime of runtimeNames) {
      const server = await startServer(runtime, { program: "tests/browser/ending_server.ts" });
      t.after(() => server.kill());
      const page = await browser.newPage();
      await page.goto(server.url);
      const seen = await page.evaluate(async () => {
        const open = (path) => {
          const source = new EventSource(path);
          const words = [];
          source.onmessage = ({ data }) => words.push(data);
          return { source, words };
        };
        const until = async (holds) => {
          for (let i = 0; i < 600 && !await holds(); i++) await new Promise((go) => setTimeout(go, 50));
        };
        const runs = async () => await (await fetch("/runs")).json();
        const once = open("/once");
        const again = open("/again");
        await until(async () =>
          once.source.readyState === EventSource.CLOSED && (await runs())["/again"] >= 5
        );
        const all = { state: once.source.readyState, words: once.words, ...await runs() };
        again.source.close();
        return all;
      });
      t.diagnostic(`${runtime}: ${seen["/once"]} run, and ${seen["/again"]} with final: false`);
      assert.deepEqual([seen.state, seen.words, seen["/once"]], [2, ["three", "small", "words"], 1], runtime);
      assert.ok(seen["/again"] >= 5, `${runtime}: ${seen["/again"]} runs`);
      await page.close();
    }
  },
);
