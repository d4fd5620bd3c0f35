/** Tests that a setting of no use is one line that says what to do. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Example } from "../support/example.ts";

const LIMIT = { timeout: 60_000 };

async function refused(program: string, env: Record<string, string>, line: RegExp): Promise<void> {
  const example = new Example(program, { PORT: "0", ...env });
  try {
    await example.ended();
  } finally {
    example.signal("SIGKILL");
  }
  const what = `${program} with ${JSON.stringify(env)}: ${example.stderr}`;
  assert.equal(example.code, 1, what);
  assert.match(example.stderr, /^[^\n]+\n$/, what);
  assert.match(example.stderr, line, what);
  assert.doesNotMatch(example.stdout, /Listening/);
}

const SETTINGS: [name: string, value: string, line: RegExp][] = [
  ...["abc", " ", "", "0x50", "1e3", "-1", "80.5", "65536", "80 "].map((value): [string, string, RegExp] => [
    "PORT",
    value,
    new RegExp(
      `^PORT must be a whole number from 0 to 65535, received "${value}": write PORT=8080, or PORT=0 for `,
    ),
  ]),
  [
    "HOST",
    "192.0.2.1",
    /^192\.0\.2\.1, port 0, cannot be listened on .*: use an address of this machine, .*PORT and HOST/,
  ],
  ["HOST", "no.such.invalid", /^no\.such\.invalid, port 0, cannot be .*: use an address of this machine/],
  ["HOST", "", /"hostname" must be an address, received "" \(set PORT and HOST\)/],
  ["ORIGINS", "*", /^ORIGINS must list origins one by one, received "\*": .*write them as in ORIGINS=https:/],
  ["ORIGINS", "https://*.example.com", /^ORIGINS must list origins one by one, received .*write them as in/],
  [
    "ORIGINS",
    "https://a.example, https://b.example",
    /^ORIGINS must be origins with commas and no blanks .*write them as/,
  ],
  [
    "ORIGINS",
    " ",
    /^ORIGINS must be origins with commas and no blanks between them, received " ": write them as/,
  ],
  [
    "ORIGINS",
    "",
    /^ORIGINS must be origins with commas and no blanks between them, received "": write them as/,
  ],
  [
    "ORIGINS",
    "https://app.example/",
    /^ORIGINS: .*received "https:\/\/app\.example\/": write "https:\/\/app\.example"/,
  ],
  ["ORIGINS", "https://a.example,,https://b.example", /^ORIGINS: .*received "": write one such as/],
];

for (const [name, value, line] of SETTINGS) {
  test(
    `${name}=${JSON.stringify(value)} is told in one line`,
    LIMIT,
    () => refused("ticker/server.ts", { [name]: value }, line),
  );
}

test("so are the settings of single systems, and those of the gallery", LIMIT, async () => {
  await refused("server.ts", { PORT: "abc" }, /^PORT must be/);
  await refused("server.ts", { ORIGINS: "*" }, /^ORIGINS must/);
  await refused("named-events/server.ts", { NEIGHBOUR_PORT: "x" }, /^NEIGHBOUR_PORT must be a whole number/);
  await refused(
    "named-events/server.ts",
    { NEIGHBOUR_PORT: "8099", HOST: "192.0.2.1" },
    /NEIGHBOUR_PORT and HOST/,
  );
  await refused(
    "upload/server.ts",
    { UPLOAD_MINUTES: "0x10" },
    /^UPLOAD_MINUTES must be a number from .*"0x10"/,
  );
  await refused("tokens/server.ts", { TOKENS_PACE: " " }, /^TOKENS_PACE must be a number/);
  await refused(
    "server.ts",
    { DATA: "/no/such/folder/tidings.db" },
    /^DATA must be a file in a folder that can be written, received "\/no\/.*: make the folder, or write DATA=\.\//,
  );
  await refused("job/server.ts", { DATA: ":memory:" }, /^DATA: .*needs a file, by its plain path/);
});

test("so is an engine of the cluster that is none, or that cannot be found", LIMIT, async () => {
  const cluster = "cluster/server.ts";
  await refused(
    cluster,
    { ENGINE: "mysql" },
    /^ENGINE must be redis, nats, sqlite or postgres, received "mysql"/,
  );
  await refused(
    cluster,
    { ENGINE: "postgres", DATABASE_URL: "localhost" },
    /^DATABASE_URL must be .*received "localhost": write DATABASE_URL=postgres:\/\//,
  );
  await refused(cluster, { ENGINE: "redis", REDIS_URL: "127.0.0.1" }, /^REDIS_URL must be .*=redis:\/\//);
  await refused(cluster, { ENGINE: "nats", NATS_URL: "http://x" }, /^NATS_URL must be .*=nats:\/\//);
  await refused(
    cluster,
    { ENGINE: "sqlite", DATA: "/no/such/folder/x.db" },
    /^DATA must be a file in a folder/,
  );
  const PATH = "/nowhere";
  for (const [ENGINE, program] of [["redis", "redis-server"], ["nats", "nats-server"]]) {
    await refused(
      cluster,
      { ENGINE: ENGINE!, PATH },
      new RegExp(`^${program} is not on PATH\\. .*apt-get install`),
    );
  }
});
