/** Tests the engines of `tidings hub` on real servers: hubs on one are one, and what is missing or wrong is told in a line. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { grant, SECRET, sign } from "../../support/hub.ts";
import { COMMAND, HubProcess, untilTrue } from "../../support/hub_process.ts";
import { NatsServer, noNats } from "../../support/nats.ts";
import { noPostgres, PostgresServer } from "../../support/postgres.ts";
import { noRedis, RedisServer } from "../../support/redis.ts";
import { runtime } from "../../support/runtime.ts";
import { runModule } from "../../support/spawn.ts";

const PASSWORD = "a-password-that-nobody-sees";
const LIMIT = { timeout: 240_000 };

interface Engine {
  readonly name: string;
  readonly skip: string | false;
  readonly variable: string;
  readonly scheme: string;
  /** The packages that it takes here. */
  readonly packages: readonly string[];
  start(): Promise<{ url: string; stop(): Promise<void> }>;
}

const ENGINES: readonly Engine[] = [
  {
    name: "Redis",
    skip: noRedis,
    variable: "REDIS_URL",
    scheme: "redis",
    packages: runtime === "bun" ? [] : ["redis"],
    start: () => RedisServer.start({ password: PASSWORD }),
  },
  {
    name: "NATS",
    skip: noNats,
    variable: "NATS_URL",
    scheme: "nats",
    packages: ["@nats-io/jetstream", "@nats-io/transport-node"],
    start: async () => {
      const server = await NatsServer.start({
        configuration: `authorization { user: "hub", password: "${PASSWORD}" }`,
      });
      return {
        url: `nats://hub:${PASSWORD}@127.0.0.1:${server.port}`,
        stop: () => server.stop(),
      };
    },
  },
  {
    name: "Postgres",
    skip: noPostgres,
    variable: "DATABASE_URL",
    scheme: "postgres",
    packages: runtime === "bun" ? [] : ["pg"],
    start: async () => {
      const server = await PostgresServer.start();
      await server.command(`CREATE ROLE hub LOGIN SUPERUSER PASSWORD '${PASSWORD}'`);
      const url = new URL(server.url);
      url.username = "hub";
      url.password = PASSWORD;
      return { url: url.href, stop: () => server.stop() };
    },
  },
];

const work = mkdtempSync(join(tmpdir(), "tidings-hub-"));
after(() => rmSync(work, { recursive: true, force: true }));

for (const { name, skip, variable, start } of ENGINES) {
  test(
    `${name}: what one hub takes another one gives, and both end in good order`,
    { ...LIMIT, skip },
    async () => {
      const server = await start();
      const env = { [variable]: server.url };
      const hubs = await Promise.all([HubProcess.start([], env), HubProcess.start([], env)]);
      try {
        for (const hub of hubs) await untilTrue(() => hub.isReady(), "its readiness");
        const token = await sign([grant("publish", "*")]);
        const [first, second] = hubs;
        const id = await first!.publish(token, { topic: "a", data: "one" });
        await first!.publish(token, { topic: "a", data: "two" });
        const stream = await fetch(`${second!.address}?match=a`, {
          headers: { "last-event-id": id },
        });
        const text = stream.text();
        await second!.publish(token, { topic: "a", data: "three" });
        for (const hub of hubs) hub.signal("SIGTERM");
        assert.match(await text, /data: two[^]*data: three[^]*retry: \d+/);
        for (const hub of hubs) assert.equal(await hub.ended, 0, hub.text);
      } finally {
        for (const hub of hubs) hub.signal("SIGKILL");
        await server.stop();
      }
      for (const { text } of hubs) assert.ok(!text.includes(PASSWORD), text);
    },
  );
}

test(
  "a hub whose port is taken ends, whatever its engine does",
  LIMIT,
  async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    try {
      for (const { variable, scheme } of ENGINES) {
        // Nobody is there: each is tried again and again.
        const { code, stderr } = await runModule(COMMAND, {
          args: ["hub", "--port", `${port}`, "--host", "127.0.0.1"],
          env: {
            TIDINGS_JWT_SECRET: SECRET,
            [variable]: `${scheme}://hub:${PASSWORD}@127.0.0.1:1/1`,
          },
          ms: 60_000,
        });
        assert.equal(code, 1, stderr);
        assert.match(stderr, new RegExp(`${port}`));
        assert.ok(
          !stderr.includes(PASSWORD) && !stderr.includes("    at "),
          stderr,
        );
      }
    } finally {
      taken.close();
    }
  },
);

test(
  "a package that is missing is told by its name, with the command that installs it",
  LIMIT,
  async () => {
    // Where no package can be found.
    const folder = join(work, "bare");
    mkdirSync(folder);
    cpSync(new URL("../../../lib", import.meta.url), join(folder, "lib"), {
      recursive: true,
    });
    cpSync(
      new URL("../../../package.json", import.meta.url),
      join(folder, "package.json"),
    );
    for (const { variable, scheme, packages } of ENGINES) {
      if (packages.length === 0) continue;
      const { code, stderr } = await runModule(
        pathToFileURL(join(folder, "lib/cli/mod.ts")),
        {
          args: ["hub", "--port", "0"],
          env: {
            TIDINGS_JWT_SECRET: SECRET,
            [variable]: `${scheme}://hub:${PASSWORD}@127.0.0.1:1/1`,
          },
          // By default it would fetch them itself.
          flags: runtime === "bun" ? ["--no-install"] : [],
          ms: 60_000,
        },
      );
      assert.equal(code, 1, stderr);
      assert.ok(stderr.startsWith(`${variable} takes the package`), stderr);
      assert.ok(
        stderr.includes(`run \`npm install ${packages.join(" ")}\``),
        stderr,
      );
      assert.ok(
        !stderr.includes(PASSWORD) && !stderr.includes("    at "),
        stderr,
      );
    }
  },
);
