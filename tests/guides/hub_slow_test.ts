/** Runs the commands of the guide to the hub, as they stand there, against a hub that runs, and behind each proxy. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { SECRET } from "../support/hub.ts";
import { HubProcess } from "../support/hub_process.ts";
import { blockIn, noLanguage } from "../support/languages.ts";
import { endPrograms, startProgram } from "../support/programs.ts";
import { sleep, until } from "../support/wait.ts";

const page = readFileSync(new URL("../../docs/guides/hub.md", import.meta.url), "utf8");
const block = (language: string, part: string) => blockIn(page, language, part);

const work = mkdtempSync(join(tmpdir(), "tidings-guide-"));
writeFileSync(join(work, "hub.secret"), `${SECRET}\n`);
after(() => {
  endPrograms();
  rmSync(work, { recursive: true, force: true });
});

const noCommands = noLanguage({ name: "", command: ["curl"], version: ["--version"], debian: "curl" }) ||
  noLanguage({ name: "", command: ["openssl"], version: ["version"], debian: "openssl" }) ||
  noLanguage({ name: "", command: ["bash"], version: ["--version"], debian: "bash" });

async function withHub(args: string[], run: (hub: HubProcess, origin: string) => Promise<void>) {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const env = { TIDINGS_JWT_SECRET: SECRET, TIDINGS_URL: `${origin}/.well-known/mercure` };
  const hub = await HubProcess.startBare(["--port", `${port}`, "--memory", "--anonymous", ...args], env);
  await hub.untilReady();
  try {
    await run(hub, origin);
  } finally {
    await hub.kill();
  }
}

/** A shell that has the guide's function for tokens, and runs a block of it. */
function shell(origin: string, code: string) {
  const lines = ["set -euo pipefail", block("sh", "base64url()"), code].join("\n");
  return startProgram(["bash", "-c", lines.replaceAll("http://localhost:8080", origin)], { cwd: work });
}

test(
  "the guide's commands make a token, publish, read, and see who is there",
  { skip: noCommands },
  async () => {
    await withHub(["--subscriptions"], async (_hub, origin) => {
      const watcher = shell(origin, block("sh", "WATCHER="));
      await until(() => watcher.said().includes("event: tidings-cursor"), `a stream: ${watcher.said()}`);
      assert.match(watcher.said(), /"type":"subscriptions","subscriptions":\[\]/);
      const reader = shell(origin, block("sh", 'mercure?match=https://shop.example/orders/7"\n'));
      await until(() => reader.said().includes("event: tidings-cursor"), `a stream: ${reader.said()}`);

      const publisher = shell(origin, block("sh", "-d topic="));
      assert.equal(await publisher.exit, 0, publisher.said());
      const id = /^[\w-]+$/m.exec(publisher.said().trim().split("\n").at(-1)!)?.[0];
      assert.ok(id !== undefined, publisher.said());
      await until(
        () => reader.said().includes(`id: ${id}\ndata: {"state":"paid"}`),
        `it arrived: ${reader.said()}`,
      );

      const list = shell(origin, block("sh", "/publish -H"));
      assert.equal(await list.exit, 0, list.said());
      assert.match(list.said(), /\[\{"id":"[\w-]+"\},\{"id":"[\w-]+"\}\]$/);
      await until(() => reader.said().includes('data: {"state":"sent"}'), "the second arrived");
      const again = shell(origin, block("sh", "last_event_id=earliest"));
      await until(() => again.said().includes('data: {"state":"sent"}'), `a replay: ${again.said()}`);
      assert.ok(again.said().includes('data: {"state":"paid"}'));
      assert.ok(!again.said().includes("late"), "what is private is not for a stranger");

      await until(() => watcher.said().includes('"active":true'), "the reader's beginning is told");
      await reader.end();
      await until(() => watcher.said().includes('"active":false'), "the reader's end is told");
      assert.match(
        watcher.said(),
        /event: mercure\n.*\n?data: \{"id":"\/\.well-known\/mercure\/subscriptions\/exact/,
      );
      for (const each of [watcher, again]) await each.end();
    });
  },
);

test("an id of another hub is answered by a gap, and a pattern with a group by 400", async () => {
  await withHub([], async (hub) => {
    const address = `${hub.origin}/.well-known/mercure`;
    const stream = await fetch(`${address}?match=a`, {
      headers: { "last-event-id": "urn:uuid:5d1c1e0c-1a3e-4f1f-9d3c-8a4f5c9ad1c7" },
    });
    const reader = stream.body!.getReader();
    let text = "";
    while (!text.includes("event: gap\n")) text += new TextDecoder().decode((await reader.read()).value);
    await reader.cancel();
    const pattern = encodeURIComponent(/`(\/orders\/.*?)`/.exec(page)![1]!);
    const refused = await fetch(`${address}?match_urlpattern=${pattern}`);
    assert.equal(refused.status, 400);
    await refused.body?.cancel();
  });
});

const proxies = [
  {
    name: "nginx",
    version: ["-v"],
    config: (port: number, to: string) =>
      `worker_processes 1;\ndaemon off;\npid ${work}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {
        access_log off;
        ${
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((each) => `${each}_temp_path ${work}/nginx;`)
          .join(" ")
      }
        server { listen 127.0.0.1:${port};\n${block("nginx", "/.well-known/mercure")} } }`
        .replaceAll("127.0.0.1:8080", to),
    args: (file: string) => ["-p", work, "-c", file],
  },
  {
    name: "caddy",
    version: ["version"],
    config: (port: number, to: string) =>
      `{\n\tadmin off\n\tauto_https off\n}\n${block("text", "reverse_proxy")}`
        .replace("hub.shop.example", `http://localhost:${port}`).replaceAll("127.0.0.1:8080", to),
    args: (file: string) => ["run", "--adapter", "caddyfile", "--config", file],
  },
];

for (const { name, version, config, args } of proxies) {
  test(`behind ${name}, as the guide sets it up, an update arrives at once`, {
    skip: noCommands || noLanguage({ name, command: [name], version, debian: name }),
  }, async () => {
    await withHub([], async (hub, origin) => {
      const port = await freePort();
      const file = join(work, `${name}.conf`);
      mkdirSync(join(work, "nginx"), { recursive: true });
      writeFileSync(file, config(port, new URL(hub.origin).host));
      const proxy = startProgram([name, ...args(file)], { cwd: work });
      const front = `http://localhost:${port}`;
      while (!await fetch(`${front}/publish`).then(({ status }) => status === 405, () => false)) {
        assert.ok(!/emerg|Error:/.test(proxy.said()), proxy.said());
        await sleep(20);
      }
      const metadata = await fetch(`${front}/.well-known/oauth-protected-resource/.well-known/mercure`);
      assert.equal((await metadata.json()).resource, `${origin}/.well-known/mercure`);
      const through = (code: string) => code.replaceAll("http://localhost:8080/", `${front}/`);
      const reader = shell(origin, through(block("sh", 'mercure?match=https://shop.example/orders/7"\n')));
      await until(() => reader.said().includes("event: tidings-cursor"), `a stream: ${reader.said()}`);
      const publisher = shell(origin, through(block("sh", "-d topic=")));
      assert.equal(await publisher.exit, 0, publisher.said());
      await until(() => reader.said().includes('data: {"state":"paid"}'), `it arrived: ${reader.said()}`);
      await reader.end();
      await proxy.end();
    });
  });
}
