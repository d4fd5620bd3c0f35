/** Tests hubs over one log: each knows the subscriptions of all, whichever of them begins, ends, dies or sleeps. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createParser } from "eventsource-parser";
import type { Backplane } from "../../../lib/cluster/backplane.ts";
import { createHub, type Hub, type HubOptions } from "../../../lib/hub/mod.ts";
import { grant, ISSUER, pattern, SECRET, sign, signClaims, URL_OF_HUB } from "../../support/hub.ts";
import { MemoryLog } from "../../support/memory_backplane.ts";
import { type TurnedClock, turnedClock } from "../../support/turned_clock.ts";
import { PATIENCE, sleep } from "../../support/wait.ts";

const BELOW = "/.well-known/mercure/subscriptions";
const WATCHER = await sign([grant("subscribe", pattern(`${BELOW}/*`), BELOW)]);
const ALL = await sign([grant("subscribe", "*")]);

interface Update {
  readonly match: string;
  readonly active: boolean;
  readonly id: string;
}

/** A hub, and its way to the log, which can be cut. */
class Member {
  readonly hub: Hub;
  readonly errors: unknown[] = [];
  #isCut = false;
  #goesOn: (() => void)[] = [];

  constructor(log: MemoryLog, clock: TurnedClock, options: Partial<HubOptions> = {}) {
    const backplane = log.backplane();
    const cut: Backplane = {
      ...backplane,
      append: async (message) => {
        await this.#way();
        return await backplane.append(message);
      },
      open: async () => {
        const reader = await backplane.open();
        return {
          range: async (from, limit) => {
            const entries = await reader.range(from, limit);
            await this.#way();
            return entries;
          },
          before: (to, limit) => reader.before(to, limit),
          wait: (after, limit) => reader.wait(after, limit),
          close: () => reader.close(),
        };
      },
    };
    this.hub = createHub({
      url: URL_OF_HUB,
      auth: { issuers: [{ issuer: ISSUER, algorithms: ["HS256"], secret: SECRET }], anonymous: true },
      backplane: cut,
      subscriptions: true,
      clock,
      onError: (error) => this.errors.push(error),
      ...options,
    });
  }

  #way(): Promise<void> {
    return this.#isCut ? new Promise((resolve) => this.#goesOn.push(resolve)) : Promise.resolve();
  }

  /** As a process that sleeps, or was killed. */
  cut(): void {
    this.#isCut = true;
  }

  mend(): void {
    this.#isCut = false;
    for (const goOn of this.#goesOn.splice(0)) goOn();
  }

  async subscribe(
    query: string,
    token?: string,
  ): Promise<{ updates: Update[]; names: string[]; leave(): void }> {
    const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` };
    const { body, status } = await this.hub.fetch(
      new Request(`${URL_OF_HUB}?${query}`, { headers: headers ?? {} }),
    );
    assert.equal(status, 200);
    const updates: Update[] = [];
    const names: string[] = [];
    const parser = createParser({
      onEvent({ event = "message", data }) {
        if (event !== "tidings-cursor") names.push(event);
        if (event === "mercure") updates.push(JSON.parse(data));
      },
    });
    const reader = body!.getReader();
    void (async () => {
      const decoder = new TextDecoder();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        parser.feed(decoder.decode(next.value, { stream: true }));
      }
    })().catch(() => {});
    return { updates, names, leave: () => void reader.cancel() };
  }

  /** What all active subscriptions match. */
  async list(): Promise<string[]> {
    const response = await this.hub.fetch(
      new Request(`https://hub.example${BELOW}`, { headers: { authorization: `Bearer ${WATCHER}` } }),
    );
    const { subscriptions } = await response.json() as { subscriptions: Update[] };
    return subscriptions.map(({ match }) => match).sort();
  }
}

/** Runs a test with hubs over one log, and ends all. */
async function withHubs(
  run: (
    parts: { log: MemoryLog; clock: TurnedClock; join(options?: Partial<HubOptions>): Member },
  ) => Promise<void>,
): Promise<void> {
  // By chance the broadcasters of several processes tell their messages apart.
  const [log, clock] = [new MemoryLog(), turnedClock({ now: Date.now(), random: Math.random })];
  const members: Member[] = [];
  try {
    await run({
      log,
      clock,
      join: (options) => {
        const member = new Member(log, clock, options);
        members.push(member);
        return member;
      },
    });
  } finally {
    for (const member of members) {
      member.mend();
      const closed = member.hub.close();
      let isClosed = false;
      void closed.then(() => isClosed = true);
      while (!isClosed) await clock.passAsync(1_000);
    }
  }
  assert.equal(clock.pending(), 0, "a timer was left behind");
}

/** Waits, and lets no time pass. */
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`It did not come to this: ${what}`);
    await sleep(2);
  }
}

async function lists(member: Member, ...matches: string[]): Promise<void> {
  let listed = "";
  try {
    await until(async () => (listed = (await member.list()).join()) === matches.join(), "the list");
  } catch {
    assert.deepEqual(listed.split(","), matches);
  }
}

/** Lets so many seconds pass, in steps in which all that is said is read. */
async function pass(clock: TurnedClock, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i += 3) await clock.passAsync(3_000);
}

test("each hub lists the subscriptions of all, also one that comes later, and one subscription by its id", async () => {
  await withHubs(async ({ join, clock }) => {
    const first = join();
    const a = await first.subscribe("match=a");
    await lists(first, "a");
    const second = join();
    await lists(second, "a");
    const watcher = await second.subscribe(`match_urlpattern=${BELOW}/*`, WATCHER);
    await second.subscribe("match=b&match_urlpattern=/c/:id");
    await lists(first, `${BELOW}/*`, "/c/:id", "a", "b");
    await until(() => watcher.updates.some(({ match }) => match === "b"), "the beginning of b");
    const { id } = watcher.updates.find(({ match }) => match === "b")!;
    const get = (member: Member) =>
      member.hub.fetch(
        new Request(`https://hub.example${id}`, { headers: { authorization: `Bearer ${WATCHER}` } }),
      );
    assert.deepEqual(await (await get(first)).json(), await (await get(second)).json());
    a.leave();
    await lists(second, `${BELOW}/*`, "/c/:id", "b");
    await until(() => watcher.updates.some(({ match, active }) => match === "a" && !active), "the end of a");
    // Nobody is given up who is there.
    await pass(clock, 60);
    await lists(first, `${BELOW}/*`, "/c/:id", "b");
    assert.equal(watcher.updates.filter(({ active }) => !active).length, 1);
  });
});

test("subscriptions of the older protocol are listed by all hubs, in their older form", async () => {
  await withHubs(async ({ join }) => {
    const compatibility = "mercure-0";
    const token = await signClaims({ mercure: { subscribe: ["*"] } }, { header: { typ: "JWT" } });
    const listed = async ({ hub }: Member) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await hub.fetch(new Request(`https://hub.example${BELOW}`, { headers }));
      return (await response.json() as { subscriptions: unknown[] }).subscriptions;
    };
    const first = join({ compatibility });
    const reader = await first.subscribe("topic=books/{id}");
    const [own] = await listed(first) as [{ type: string; topic: string }];
    assert.deepEqual([own.type, own.topic], ["Subscription", "books/{id}"]);
    // One that was not there, and so is handed it; and one that reads how it ends.
    const second = join({ compatibility });
    await until(async () => (await listed(second)).length === 1, "the list of the second hub");
    assert.deepEqual(await listed(second), [own]);
    const other = await second.subscribe("topic=films/{id}");
    await until(async () => (await listed(first)).length === 2, "the list of the first hub");
    reader.leave();
    await until(async () => (await listed(second)).length === 1, "the end at the second hub");
    other.leave();
    await until(async () => (await listed(first)).length === 0, "the end at the first hub");
  });
});

test("a hub that dies is given up within 15 s, and the ends of its subscriptions are told once", async () => {
  await withHubs(async ({ join, clock }) => {
    const members = [join(), join(), join()];
    const [first, second, third] = members as [Member, Member, Member];
    const watchers = await Promise.all(
      [first, second].map((member) => member.subscribe(`match_urlpattern=${BELOW}/*`, WATCHER)),
    );
    for (let i = 0; i < 5; i++) await third.subscribe(`match=x${i}`);
    const [w, x] = [[`${BELOW}/*`, `${BELOW}/*`], ["x0", "x1", "x2", "x3", "x4"]];
    for (const member of members) await lists(member, ...w, ...x);
    third.cut();
    await pass(clock, 15);
    for (const member of [first, second]) await lists(member, ...w);
    const ends = ({ updates }: { updates: Update[] }) =>
      updates.filter(({ active }) => !active).map(({ match }) => match).sort();
    for (const watcher of watchers) await until(() => ends(watcher).length >= 5, "their ends");
    await pass(clock, 30);
    for (const watcher of watchers) assert.deepEqual(ends(watcher), x, "each is told once");
  });
});

test("a hub that slept too long comes back with the same subscriptions under other names", async () => {
  await withHubs(async ({ join, clock }) => {
    const [first, second] = [join(), join()];
    const watcher = await first.subscribe(`match_urlpattern=${BELOW}/*`, WATCHER);
    const sleeper = await second.subscribe("match=x");
    await lists(first, `${BELOW}/*`, "x");
    second.cut();
    await pass(clock, 15);
    await lists(first, `${BELOW}/*`);
    second.mend();
    await pass(clock, 5);
    await lists(first, `${BELOW}/*`, "x");
    await lists(second, `${BELOW}/*`, "x");
    const told = watcher.updates.filter(({ match }) => match === "x");
    assert.deepEqual(told.map(({ active }) => active), [true, false, true]);
    assert.notEqual(told[0]!.id, told[2]!.id);
    sleeper.leave();
    await until(
      () => watcher.updates.at(-1)!.id === told[2]!.id && !watcher.updates.at(-1)!.active,
      "its end",
    );
    await lists(first, `${BELOW}/*`);
  });
});

test("the subscriptions of a hub that ends in good order are over at once, and a dead hub's when the next one begins", async () => {
  await withHubs(async ({ join, clock }) => {
    const [first, second] = [join(), join()];
    const watcher = await first.subscribe(`match_urlpattern=${BELOW}/*`, WATCHER);
    await second.subscribe("match=x");
    await lists(first, `${BELOW}/*`, "x");
    const closed = second.hub.close({ within: 1_000 });
    await until(() => watcher.updates.some(({ match, active }) => match === "x" && !active), "the end of x");
    await lists(first, `${BELOW}/*`);
    await pass(clock, 2);
    await closed;
    first.cut();
    const third = join();
    const late = await third.subscribe(`match_urlpattern=${BELOW}/*`, WATCHER);
    await pass(clock, 15);
    await until(() => late.updates.some(({ active }) => !active), "the end of what the dead one had");
    await lists(third, `${BELOW}/*`);
  });
});

test("a hub that missed what was said asks once more", async () => {
  await withHubs(async ({ join, clock, log }) => {
    const [first, second] = [join(), join()];
    await first.subscribe("match=a");
    await lists(second, "a");
    await lists(first, "a");
    second.cut();
    await first.subscribe("match=b");
    for (let i = 0; i < 20; i++) first.hub.broadcaster.publish({ topic: "t", data: i });
    await until(() => log.entries.length > 20, "all is in the log");
    log.trim(2);
    second.mend();
    await pass(clock, 1);
    await lists(second, "a", "b");
  });
});

test("a hub that alone has a log says little, and what hubs say to each other is seen by no subscriber", async () => {
  await withHubs(async ({ join, clock, log }) => {
    const first = join();
    const everything = await first.subscribe("match=*", ALL);
    await lists(first, "*");
    await pass(clock, 60);
    assert.ok(log.entries.length < 5, `${log.entries.length} entries`);
    const pattern = await first.subscribe("match_urlpattern=*", ALL);
    const second = join();
    await second.subscribe("match=b");
    await lists(first, "*", "*", "b");
    await pass(clock, 30);
    for (const { updates, names } of [everything, pattern]) {
      assert.ok(updates.length > 0);
      assert.equal(updates.length, names.length);
      assert.deepEqual(updates.filter(({ id }) => id === undefined), []);
    }
  });
});

test("more subscriptions than may be published at once are told, handed over in pieces, and ended", async () => {
  await withHubs(async ({ join, clock }) => {
    const [first, second] = [join(), join()];
    const count = 60;
    const query = Array.from({ length: 100 }, (_, i) => `match=topic-${i}-${"x".repeat(20)}`).join("&");
    for (let i = 0; i < count; i++) await first.subscribe(query);
    const isListed = (member: Member) => async () => (await member.list()).length === count * 100;
    await until(isListed(second), "all at the second");
    const third = join();
    await until(isListed(third), "all at one that came later");
    first.cut();
    await pass(clock, 15);
    await lists(second);
    await lists(third);
    for (const { errors } of [second, third]) assert.deepEqual(errors, []);
  });
});
