/** Tests that patterns match as the runtime's own do, and that none of them takes long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  CompiledPattern,
  findURLPattern,
  type URLPatternClass,
} from "../../../lib/hub/matching/url_pattern.ts";
import { spell, TopicReader } from "../../../lib/hub/topic.ts";

type Matching = new (
  ...of: ConstructorParameters<URLPatternClass>
) => InstanceType<URLPatternClass> & { test(input: object): boolean };

// Before the package that stands in for it is imported, which puts its own there.
const isBuiltIn = "URLPattern" in globalThis;

const base = new URL("https://hub.example/.well-known/mercure");
const topics = new TopicReader(base);

const PATTERNS = [
  "https://example.com/books/:id",
  "https://example.com/books/*",
  "https://example.com/books{/:id}?",
  "https://example.com/books/:id?",
  "https://example.com/books/:id+",
  "https://example.com/books/:id*",
  "https://example.com/{:year-}:month/report",
  "https://example.com/:a-:b",
  "https://example.com/:a.:b",
  "https://example.com/x{y}+z",
  "https://:sub.example.com/",
  "https://*.example.com/a",
  "http{s}?://example.com/",
  "*://example.com/a",
  "https://example.com:8443/a",
  "https://example.com/a?q=:x",
  "https://example.com/a?q=*#h",
  "https://example.com/a\\:b",
  "https://example.com/*/c",
  "/.well-known/mercure/subscriptions/exact/:topic/:subscriber",
  "/.well-known/mercure/subscriptions/*",
  "urn:books\\::id",
  "data\\:*",
  "https://example.com/",
  "https://example.com",
  "https://例え.jp/é/:id",
];

const TOPICS = [
  "https://example.com/books/1",
  "https://example.com/books/1/pages",
  "https://example.com/books/",
  "https://example.com/books",
  "https://example.com/books//1",
  "HTTPS://EXAMPLE.com:443/books/../books/1",
  "https://example.com/2026-11/report",
  "https://example.com/11/report",
  "https://example.com/a-b-c",
  "https://example.com/a.b",
  "https://example.com/xyyyz",
  "https://example.com/xz",
  "https://www.example.com/",
  "https://a.b.example.com/a",
  "https://example.com/",
  "http://example.com/",
  "ftp://example.com/a",
  "https://example.com:8443/a",
  "https://example.com/a?q=1",
  "https://example.com/a?q=#h",
  "https://example.com/a?q=1&r=2#h",
  "https://example.com/a:b",
  "https://example.com/a/b/c",
  "https://user:secret@example.com/books/1",
  "/.well-known/mercure/subscriptions/exact/https%3A%2F%2Fexample.com/urn%3Auuid%3A1",
  "urn:books:1",
  "data:text/plain,x",
  "https://例え.jp/é/1",
  "books/1",
  "http://",
];

test("a pattern matches what the runtime's own matches, and what it matches begins with its prefix", async () => {
  const URLPattern = await findURLPattern() as Matching;
  let matched = 0;
  for (const pattern of PATTERNS) {
    const own = new URLPattern(pattern, base.href);
    const compiled = new CompiledPattern(pattern, base, URLPattern);
    for (const topic of TOPICS) {
      const parts = topics.read(topic);
      const expected = parts !== undefined && own.test(parts);
      const found = parts !== undefined && compiled.matches(parts);
      assert.equal(found, expected, `${pattern} and ${topic}`);
      if (!found) continue;
      matched++;
      const spelt = spell(parts, parts.pathname);
      assert.ok(spelt.startsWith(compiled.prefix), `${pattern}: ${spelt} begins with ${compiled.prefix}`);
    }
  }
  assert.ok(matched > 30, `${matched} matched`);
});

test("random patterns match as the runtime's own", async () => {
  const URLPattern = await findURLPattern() as Matching;
  let state = 7;
  const random = (below: number) => (state = state * 48_271 % 2_147_483_647) % below;
  const pick = (from: readonly string[], most: number) =>
    Array.from({ length: random(most + 1) }, () => from[random(from.length)]).join("");
  let compared = 0;
  for (let i = 0; i < 1_500; i++) {
    // Names must differ within a pattern, so each has a letter of its own.
    let names = 0;
    const pattern = `https://e.com/${
      pick(["a", "b", "/", ":", "*", "{a}?", "{/:}?", "{b:a}+", "{/b}*", ":?", "/:+", "-", "\\:"], 6)
    }`.replace(/(?<!\\):(?!\/\/)/g, () => `:n${names++}`);
    let own;
    try {
      own = new URLPattern(pattern, base.href);
    } catch {
      assert.throws(() => new CompiledPattern(pattern, base, URLPattern), pattern);
      continue;
    }
    let compiled;
    try {
      compiled = new CompiledPattern(pattern, base, URLPattern);
    } catch (error) {
      assert.fail(`${pattern}: ${error}`);
    }
    for (let j = 0; j < 12; j++) {
      const topic = `https://e.com/${pick(["a", "b", "/", "-", ":", "n0"], 7)}`;
      // The package that stands in for the class takes a path with an empty first segment for a host.
      if (!isBuiltIn && topic.startsWith("https://e.com//")) continue;
      const parts = topics.read(topic)!;
      assert.equal(compiled.matches(parts), own.test(parts), `${pattern} and ${topic}`);
      compared++;
    }
  }
  assert.ok(compared > 3_000, `${compared} compared`);
});

test("a pattern that would keep a regular expression busy for years takes no time", async () => {
  const URLPattern = await findURLPattern();
  const bomb = new CompiledPattern(`https://e.com/${"*a".repeat(16)}!`, base, URLPattern);
  const names = Array.from({ length: 15 }, (_, i) => `:n${i}-`).join("");
  const other = new CompiledPattern(`https://e.com/${names}!`, base, URLPattern);
  const begun = performance.now();
  assert.equal(bomb.matches(topics.read(`https://e.com/${"a".repeat(2_000)}`)!), false);
  assert.equal(other.matches(topics.read(`https://e.com/${"-".repeat(2_000)}`)!), false);
  assert.ok(performance.now() - begun < 2_000);
});

test("what a hub does not take is refused, with the reason", async () => {
  const URLPattern = await findURLPattern();
  const refused = (pattern: string, message: RegExp) =>
    assert.throws(() => new CompiledPattern(pattern, base, URLPattern), message);
  refused("https://e.com/(\\d+)", /regular expression/);
  refused("https://e.com/:id(a|b)", /regular expression/);
  refused(`https://e.com/${"*a".repeat(17)}`, /17 names, wildcards and groups/);
  refused("https://e.com/{a", /no URL pattern/);
  refused("https://[::1/", /no URL pattern/);
});

test("a topic at the hub's own path is reserved, however it is written", () => {
  for (
    const topic of [
      "/.well-known/mercure",
      "/.well-known/mercure/subscriptions/x",
      "https://elsewhere.example/.well-known/mercure/x",
      "/.well-known/%6Dercure/x",
      "/.well-known/%6dercure",
      "/a/../.well-known/mercure/x",
      "/%2e%2e/.well-known/x/%2E./mercure/y",
      "mercure",
      "./mercure/x",
      "//other/.well-known/mercure?x",
    ]
  ) assert.equal(topics.isReserved(topic), true, topic);
  for (const topic of ["/.well-known/mercury", "x", "/a", "http://", "https://e.com/.well-known/mercures"]) {
    assert.equal(topics.isReserved(topic), false, topic);
  }
});
