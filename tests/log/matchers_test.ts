/** Tests the index of topic matchers: it finds the same as asking each of them would, and asks far fewer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MatcherIndex, type TopicMatcher } from "../../lib/log/matchers.ts";
import { Views } from "../../lib/log/view.ts";
import type { LogEntry } from "../../lib/log/log.ts";

const spell = (topic: string) => topic.startsWith("!") ? undefined : topic.toLowerCase();

/** A matcher of topics that begin with a text, and how often it was asked. */
function counted(prefix: string, isIndexed = true): TopicMatcher & { asked: number } {
  const matcher = {
    key: prefix,
    asked: 0,
    matches(topic: string) {
      matcher.asked++;
      return topic.toLowerCase().startsWith(prefix);
    },
    ...(isIndexed ? { index: { spell, prefix } } : {}),
  };
  return matcher;
}

const entry = (topic: string | string[] | undefined, seq = 0) =>
  ({ topic, seq, event: { seq }, audience: undefined }) as unknown as LogEntry;

test("a topic is put to the matchers whose beginning it has, once", () => {
  const index = new MatcherIndex<number>();
  const matchers = Array.from({ length: 1_000 }, (_, i) => counted(`user/${i}/`));
  matchers.forEach((matcher, i) => index.add(matcher, i));
  for (let round = 0; round < 3; round++) {
    assert.deepEqual([...index.matching("User/7/mail")].map(({ members }) => [...members]), [[7]]);
  }
  assert.equal(matchers.reduce((sum, { asked }) => sum + asked, 0), 1);
  assert.equal(index.matching("!user/7/mail").size, 0, "what cannot be spelt matches nothing");
});

test("a matcher without an index is asked for each topic once, also if it is newer than the topic", () => {
  const index = new MatcherIndex<number>();
  const first = counted("a", false);
  index.add(first, 1);
  index.matching("abc");
  const second = counted("ab", false);
  const group = index.add(second, 2);
  assert.equal(index.matches(group, "abc"), true, "not remembered yet");
  for (let round = 0; round < 3; round++) assert.equal(index.matching("abc").size, 2);
  assert.deepEqual([first.asked, second.asked], [1, 2]);
  assert.equal(index.matches(group, "abc"), true);
  assert.equal(index.matches(group, "never seen"), false);
  assert.equal(second.asked, 3);
});

test("equal keys are one matcher, which goes with its last member, and may come back", () => {
  const index = new MatcherIndex<number>();
  const group = index.add(counted("a"), 1);
  assert.equal(index.add(counted("a"), 2), group);
  assert.equal(index.size, 1);
  index.delete(group, 1);
  assert.deepEqual([...index.matching("ab")].map(({ members }) => [...members]), [[2]]);
  index.delete(group, 2);
  assert.equal(index.size, 0);
  assert.equal(index.matching("ab").size, 0);
  index.add(counted("a"), 3);
  assert.deepEqual([...index.matching("ab")].map(({ members }) => [...members]), [[3]]);
});

test("a matcher that throws matches nothing, and the others go on", () => {
  const index = new MatcherIndex<number>();
  const shown = console.error;
  console.error = () => {};
  try {
    index.add({ key: "bad", matches: () => assert.fail("mine") }, 1);
    index.add(counted("a"), 2);
    assert.deepEqual([...index.matching("ab")].map(({ members }) => [...members]), [[2]]);
  } finally {
    console.error = shown;
  }
});

test("whatever comes and goes, the index finds what asking each matcher finds", () => {
  const index = new MatcherIndex<number>();
  const alive = new Map<number, { matcher: TopicMatcher; group: ReturnType<typeof index.add> }>();
  let state = 1;
  const random = (below: number) => (state = state * 48_271 % 2_147_483_647) % below;
  const text = () => Array.from({ length: random(4) }, () => "ab/"[random(3)]).join("");
  for (let step = 0; step < 20_000; step++) {
    const member = random(200);
    const old = alive.get(member);
    if (old !== undefined) {
      index.delete(old.group, member);
      alive.delete(member);
    } else {
      const matcher = counted(text(), random(2) === 0);
      const key = `${matcher.key} ${matcher.index !== undefined}`;
      const own = { ...matcher, key };
      alive.set(member, { matcher: own, group: index.add(own, member) });
    }
    if (step % 3 > 0) continue;
    const topic = text() + text();
    const found = [...index.matching(topic)].flatMap(({ members }) => [...members]).sort();
    const expected = [...alive].filter(([, { matcher }]) => matcher.matches(topic)).map(([each]) => each);
    assert.deepEqual(found, expected.sort(), `step ${step}, topic ${topic}`);
  }
});

test("each view is given what is of its topics, in order and once", () => {
  const views = new Views<string>();
  const view = (...args: Parameters<typeof views.acquire>) => {
    const made = views.acquire(...args);
    made.live.add("a client");
    return made;
  };
  const named = view(["a"], undefined);
  const matched = view([counted("a"), "b"], undefined);
  const all = view("*", undefined);
  const odd = view(["a", "b"], (event: { seq: number }) => event.seq % 2 === 1);
  view(["a"], () => false);
  const quiet = views.acquire(["a"], () => true);
  const shared = (...topics: (string | string[] | undefined)[]) => {
    const given = new Map<unknown, number[]>();
    views.share(topics.map(entry), (view, seen) => {
      assert.equal(given.has(view), false, "each is asked once");
      given.set(view, seen.map(({ seq }) => seq));
    });
    return given;
  };
  assert.deepEqual(shared("a"), new Map([[all, [0]], [named, [0]], [matched, [0]]]));
  assert.deepEqual(shared("ab"), new Map([[all, [0]], [matched, [0]]]));
  assert.deepEqual(shared("c"), new Map([[all, [0]]]));
  assert.deepEqual(
    shared(["a", "ab", "b"], "c", ["c", "b"], ["b", "b"]),
    new Map([[all, [0, 1, 2, 3]], [named, [0]], [matched, [0, 2, 3]], [odd, [3]]]),
  );
  // Those without a topic are everybody's, between the others.
  assert.deepEqual(
    shared("b", undefined, "c", "b", undefined),
    new Map([[all, [0, 1, 2, 3, 4]], [named, [1, 4]], [matched, [0, 1, 3, 4]], [odd, [1, 3]]]),
  );
  assert.equal(shared("a").has(quiet), false, "nobody there keeps up");
  assert.equal(matched.matches(entry(["x", "ab"])), true);
  assert.equal(matched.matches(entry(["x", "y"])), false);
  assert.equal(named.matches(entry(["x", "a"])), true);
  views.release(matched);
  matched.live.clear();
  assert.deepEqual(shared("ab"), new Map([[all, [0]]]));
});

test("a turn of many topics is put only to the views that its topics lead to", () => {
  const views = new Views<string>();
  const matchers = Array.from({ length: 300 }, (_, i) => counted(`user/${i}/`));
  for (const matcher of matchers) views.acquire([matcher], undefined).live.add("a client");
  const entries = matchers.map((_, i) => entry(`user/${i}/mail`, i));
  let given = 0;
  for (let round = 0; round < 2; round++) views.share(entries, (_, seen) => given += seen.length);
  assert.equal(given, 600);
  assert.equal(matchers.reduce((sum, { asked }) => sum + asked, 0), 300);
});

test("the same names and matchers in any order are one view", () => {
  const views = new Views<never>();
  const view = views.acquire(["x", counted("a"), "y", counted("b")], undefined);
  assert.equal(views.acquire([counted("b"), "y", "x", counted("a"), "x"], undefined), view);
  assert.notEqual(views.acquire(["x", "y", counted("a")], undefined), view);
  // A name that looks like the key of a list of matchers is a name.
  assert.notEqual(views.acquire([counted("a")], undefined), views.acquire(['["a"]'], undefined));
});
