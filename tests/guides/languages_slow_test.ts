/** Runs each program of the guide to other languages, as it stands there, against a hub that runs. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { grant, pattern, SECRET, sign } from "../support/hub.ts";
import { HubProcess } from "../support/hub_process.ts";
import { type Language, noLanguage, programIn } from "../support/languages.ts";
import { endPrograms, startProgram } from "../support/programs.ts";
import { PATIENCE, sleep, until } from "../support/wait.ts";

const languages: (Language & { file: string; reads: boolean })[] = [
  {
    name: "PHP",
    command: ["php"],
    version: ["--version"],
    debian: "php-cli",
    file: "hub.php",
    reads: false,
  },
  {
    name: "Python",
    command: ["python3"],
    version: ["--version"],
    debian: "python3",
    file: "hub.py",
    reads: true,
  },
  {
    name: "Ruby",
    command: ["ruby"],
    version: ["--version"],
    debian: "ruby",
    file: "hub.rb",
    reads: true,
  },
  {
    name: "Go",
    command: ["go", "run"],
    version: ["version"],
    debian: "golang-go",
    file: "hub.go",
    reads: true,
  },
  {
    name: "Java",
    command: ["java"],
    version: ["--version"],
    debian: "default-jdk-headless",
    wanted: false,
    file: "Hub.java",
    reads: true,
  },
];

const TOPIC = "https://shop.example/orders/7";
const ORDERS = "https://shop.example/orders/*";
// A compiler that was never asked before reads all of its library first.
const LONG = 12 * PATIENCE;

const guide = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");
const page = guide("guides/other-languages.md");
const work = mkdtempSync(join(tmpdir(), "tidings-languages-"));
after(() => {
  endPrograms();
  rmSync(work, { recursive: true, force: true });
});

/** Starts a program that knows the hub's secret. */
const start = (command: readonly string[]) =>
  startProgram(command, { env: { ...process.env, TIDINGS_JWT_SECRET: SECRET } });

for (const language of languages) {
  const { name, command, file, reads } = language;
  test(
    `${name}: the guide's program publishes${reads ? ", reads and comes back" : ""}`,
    {
      skip: noLanguage(language),
      timeout: 3 * LONG,
    },
    async () => {
      const port = await freePort();
      const issuer = `http://localhost:${port}`;
      const path = join(work, file);
      writeFileSync(
        path,
        programIn(page, file).replaceAll("http://localhost:8080", issuer),
      );
      const startHub = async () => {
        const started = await HubProcess.startBare(["--port", `${port}`, "--memory", "--subscriptions"], {
          TIDINGS_JWT_SECRET: SECRET,
          TIDINGS_URL: `${issuer}/.well-known/mercure`,
        });
        await started.untilReady();
        return started;
      };
      let hub = await startHub();
      try {
        const address = `${hub.origin}/.well-known/mercure`;
        const claims = { iss: issuer, aud: `${issuer}/.well-known/mercure` };
        const token = await sign([grant(["publish", "subscribe"], "*")], {
          claims,
        });
        const headers = { authorization: `Bearer ${token}` };
        const publish = async (data: string) => {
          const body = new URLSearchParams({
            topic: TOPIC,
            data,
            private: "on",
          });
          assert.equal(
            (await fetch(address, { method: "POST", headers, body })).status,
            200,
          );
        };
        const arrived = async () => {
          const deadline = performance.now() + LONG;
          for (;;) {
            const answer = await fetch(`${address}/subscriptions`, { headers });
            if ((await answer.json()).subscriptions.length > 0) return;
            if (performance.now() > deadline) {
              throw new Error(`It never subscribed: ${reader?.stderr}`);
            }
            await sleep(50);
          }
        };
        const reader = reads ? start([...command, path, "subscribe"]) : undefined;
        if (reader !== undefined) await arrived();

        const publisher = start([...command, path]);
        assert.equal(await publisher.exit, 0, publisher.stderr);
        const id = publisher.stdout.trim();
        assert.match(id, /^\S+$/);
        // It is there, and it is private.
        const late = await sign([grant("subscribe", pattern(ORDERS))], {
          claims,
        });
        const stream = await fetch(
          `${address}?match=${TOPIC}&last_event_id=earliest`,
          {
            headers: { authorization: `Bearer ${late}` },
          },
        );
        const chunks: string[] = [];
        const decoder = new TextDecoder();
        for await (const chunk of stream.body!) {
          chunks.push(decoder.decode(chunk, { stream: true }));
          if (chunks.join("").includes(`id: ${id}\n`)) break;
        }
        assert.match(chunks.join(""), /\ndata: \{"state": ?"paid"\}\n/);
        const other = await sign([
          grant("subscribe", "https://shop.example/orders/8"),
        ], { claims });
        const control = new AbortController();
        const strange = await fetch(
          `${address}?match=${TOPIC}&match=end&last_event_id=earliest`,
          {
            headers: { authorization: `Bearer ${other}` },
            signal: control.signal,
          },
        );
        await fetch(address, {
          method: "POST",
          headers,
          body: new URLSearchParams({ topic: "end", data: "end" }),
        });
        let seen = "";
        for await (const chunk of strange.body!) {
          seen += decoder.decode(chunk);
          if (seen.includes("data: end")) break;
        }
        assert.ok(!seen.includes("paid"), "one without the right has seen it");
        control.abort();
        if (reader === undefined) return;

        const lines = () => reader.stdout.split("\n");
        await until(
          () => /^message \{"state": ?"paid"\}$/m.test(reader.stdout),
          "it read the update",
        );
        await publish("one\ntwo · 二");
        await until(
          () => reader.stdout.includes("message one\ntwo · 二\n"),
          "it read two lines",
        );
        // The hub dies, and begins anew: what was missed cannot be sent any more, and that is told.
        await hub.kill();
        hub = await startHub();
        await arrived();
        await publish("after");
        await until(
          () => lines().includes("message after"),
          `it came back: ${reader.stdout}`,
        );
        assert.match(reader.stdout, /^gap \{"requested"/m);
      } finally {
        await hub.kill();
      }
    },
  );
}

test("the Chinese guide shows the same programs", () => {
  const chinese = guide("zh/guides/other-languages.md");
  for (const { file } of languages) {
    assert.equal(programIn(chinese, file), programIn(page, file), file);
  }
});
