// Tests what a Worker and a Durable Object notice of their clients, over a real socket.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { RawClient } from "../support/client.ts";
import { PATIENCE, sleep } from "../support/wait.ts";
import { noWorkerd, Workerd } from "../support/workerd.ts";

// What a Worker and a Durable Object notice of their clients, over a real socket, with and without the flag by which
// workerd aborts a request's signal. docs/workers.md says the same in words.

const options = { skip: noWorkerd, timeout: 60_000 };
const SETTINGS = [
  { flags: [], name: "without flags" },
  { flags: ["enable_request_signal"], name: "with enable_request_signal" },
];

for (const { flags, name } of SETTINGS) {
  let starting: Promise<Workerd> | undefined;
  const workerd = () => starting ??= Workerd.start("worker.ts", { flags });
  after(async () => await (await starting)?.stop());

  for (const [place, what] of [["", "a Worker"], ["/room", "a Durable Object"]] as const) {
    const where = `workerd ${name}, ${what}`;
    let clients = 0;

    /** A client with a name of its own, who has read the first bytes. */
    const open = async (path: string, query = "") => {
      const server = await workerd();
      const id = `client-${++clients}`;
      const client = await RawClient.open(server.port, { path: `${place}${path}?client=${id}${query}` });
      await client.until(":\n\n");
      /** Waits until this was noticed, and gives all that was. */
      const noticed = async (text: string): Promise<string[]> => {
        for (const deadline = Date.now() + PATIENCE;; await sleep(20)) {
          const lines = (await server.ask(`${place}/noticed?client=${id}`)).split("\n");
          if (lines.includes(text)) return lines;
          assert.ok(Date.now() < deadline, `"${text}" was not noticed, only: ${lines.join(", ")}`);
        }
      };
      return { client, noticed };
    };

    for (const how of ["close", "reset"] as const) {
      test(`${where}: a client of a callback leaves (${how}), and its cleanup runs`, options, async () => {
        const { client, noticed } = await open("/callback");
        client[how]();
        const lines = await noticed("closed: client");
        assert.ok(lines.includes("connection.signal") && lines.includes("cleanup"), lines.join());
        if (flags.length > 0) await noticed("request.signal");
      });
    }

    test(
      `${where}: a client of a generator that heeds its signal leaves, and its finally runs`,
      options,
      async () => {
        const { client, noticed } = await open("/heeding");
        await client.until("data: first");
        client.close();
        await noticed("finally");
      },
    );

    test(
      `${where}: with waitUntil a generator that heeds nothing comes to its finally too`,
      options,
      async () => {
        const { client, noticed } = await open("/generator");
        await client.until("data: step 1");
        client.close();
        await noticed("finally");
      },
    );

    test(`${where}: with waitUntil a source that was not set up yet is cleaned up too`, options, async () => {
      const { client, noticed } = await open("/late");
      client.close();
      await noticed("closed: client");
      await noticed("cleanup");
    });

    test(
      `${where}: a client keeps its keepalive, and is seen leaving, after an earlier one left`,
      options,
      async () => {
        const [first, second] = [await open("/callback"), await open("/callback")];
        first.client.close();
        await first.noticed("closed: client");
        const beats = second.client.body.split(":\n\n").length;
        await second.client.until(new RegExp(`(:\\n\\n[^]*){${beats + 2}}`));
        second.client.close();
        await second.noticed("closed: client");
      },
    );

    test(
      `${where}: a Broadcaster reaches clients from another request, and lets them go`,
      options,
      async () => {
        const server = await workerd();
        const { length: printed } = server.output;
        const connected = async () => JSON.parse(await server.ask(`${place}/stats`)).clients as number;
        const [first, second] = [await open("/subscribe"), await open("/subscribe")];
        assert.equal(await connected(), 2);
        await server.ask(`${place}/publish?data=one`);
        await Promise.all([first.client.until("data: one"), second.client.until("data: one")]);
        first.client.close();
        await first.noticed("closed: client");
        assert.equal(await connected(), 1);
        await server.ask(`${place}/publish?data=two`);
        await second.client.until("data: two");
        second.client.close();
        await second.noticed("closed: client");
        assert.equal(await connected(), 0);
        assert.equal(server.output.slice(printed), "");
      },
    );

    if (place === "") {
      test(
        `${where}: a stream without keepalive, for which nothing is under way, is ended by workerd`,
        options,
        async () => {
          const { client } = await open("/callback", "&silent");
          await client.untilClosed();
        },
      );
    } else {
      test(
        `${where}: without keepalive a departure is noticed at the next event, and not before`,
        options,
        async () => {
          const server = await workerd();
          const silent = await open("/subscribe", "&silent");
          silent.client.close();
          const other = await open("/callback");
          other.client.close();
          await other.noticed("closed: client");
          assert.equal(JSON.parse(await server.ask(`${place}/stats`)).clients, 1);
          await server.ask(`${place}/publish?data=three`);
          await silent.noticed("closed: client");
        },
      );
    }
  }
}
