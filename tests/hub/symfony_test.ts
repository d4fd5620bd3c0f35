/** Tests that a Symfony app publishes by its own component, unchanged, and that the cookie which that makes opens a stream. */
import assert from "node:assert/strict";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSSE } from "../../lib/client/mod.ts";
import { SECRET } from "../support/hub.ts";
import { HubProcess } from "../support/hub_process.ts";
import { noLanguage } from "../support/languages.ts";
import { endPrograms, startProgram } from "../support/programs.ts";

const app = fileURLToPath(new URL("../support/fixtures/symfony.php", import.meta.url));
const symfony = {
  name: "Symfony",
  command: ["php"],
  version: ["-r", "require 'Symfony/Component/Mercure/autoload.php';"],
  debian: "php-symfony-mercure",
};
after(endPrograms);

test(
  "an app publishes by symfony/mercure, and its user's page gets what is for it",
  { skip: noLanguage(symfony), timeout: 120_000 },
  async () => {
    const publicUrl = "http://hub.example.com/.well-known/mercure";
    const hub = await HubProcess.startBare(["--memory", "--compatibility", "mercure-0"], {
      TIDINGS_URL: publicUrl,
    });
    try {
      const program = startProgram(["php", app], {
        env: {
          ...process.env,
          MERCURE_URL: hub.address,
          MERCURE_PUBLIC_URL: publicUrl,
          MERCURE_JWT_SECRET: SECRET,
        },
      });
      assert.equal(await program.exit, 0, program.said());
      const { ids, cookie } = JSON.parse(program.stdout) as { ids: string[]; cookie: string };
      assert.match(cookie, /^mercureAuthorization=[^;]+;.*path=\/\.well-known\/mercure/i);
      const topics = ["1", "2"].map((book) =>
        `topic=${encodeURIComponent(`https://example.com/books/${book}`)}`
      );
      const page = await fetch(`${hub.address}?${topics.join("&")}&lastEventID=earliest`, {
        headers: { cookie: cookie.split(";")[0]! },
      });
      assert.equal(page.status, 200);
      const events: unknown[] = [];
      for await (const item of parseSSE(page)) {
        if (item.kind === "event" && item.event !== "tidings-cursor") {
          events.push({ event: item.event, data: item.data, id: item.lastEventId });
        }
        if (item.kind === "event" && item.lastEventId === "urn:uuid:1") break;
      }
      assert.deepEqual(events, [
        { event: "message", data: '{"status":"OutOfStock"}', id: ids[0] },
        { event: "moved", data: "two\nlines", id: "urn:uuid:1" },
      ]);
      assert.equal(ids[2], "urn:uuid:1");
    } finally {
      await hub.kill();
    }
  },
);
