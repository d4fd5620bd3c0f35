/** Tests that URI templates match what they expand to, and nothing else, and that none of them takes long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTemplate } from "url-template";
import { readUriTemplate } from "../../../lib/hub/matching/uri_template.ts";
import { Random } from "../../support/random.ts";

const matches = (template: string, text: string) => readUriTemplate(template)!.matches(text);

test("a template matches each of its expansions, for every operator and modifier", () => {
  const values = {
    ...{ count: ["one", "two", "three"], dom: ["example", "com"], dub: "me/too", hello: "Hello World!" },
    ...{ half: "50%", var: "value", who: "fred", base: "http://example.com/home/", path: "/foo/bar" },
    ...{ list: ["red", "green", "blue"], keys: { semi: ";", dot: ".", comma: "," }, v: "6", x: "1024" },
    ...{ y: "768", empty: "", city: "Zürich, 東京 😀", undef: undefined },
  };
  const inner = [
    ...["var", "hello", "half", "empty", "undef", "city", "x,y", "x,hello,y", "x,empty", "x,undef", "var:3"],
    ...["var:30", "list", "list*", "keys", "keys*", "path:6", "city:8", "x,list*,y", "undef,x", "count*"],
  ];
  for (const operator of ["", "+", "#", ".", "/", ";", "?", "&"]) {
    for (const each of inner) {
      for (const around of ["", "https://example.com/a"]) {
        const template = `${around}{${operator}${each}}${around === "" ? "" : "/end"}`;
        const text = parseTemplate(template).expand(values as never);
        assert.ok(matches(template, text), `${template} and ${text}`);
        assert.ok(text.startsWith(readUriTemplate(template)!.prefix), template);
      }
    }
  }
});

test("the templates of the documentation match the topics that they are meant for", () => {
  const yes: [string, string][] = [
    ["https://example.com/books/{id}", "https://example.com/books/1"],
    ["https://example.com/books/{id}", "https://example.com/books/"],
    ["https://example.com/books/{id}.jsonld", "https://example.com/books/foo.jsonld"],
    ["https://example.com/{selector}", "https://example.com/a-topic"],
    ["/.well-known/mercure/subscriptions{/topic}{/subscriber}", "/.well-known/mercure/subscriptions"],
    [
      "/.well-known/mercure/subscriptions{/topic}{/subscriber}",
      "/.well-known/mercure/subscriptions/https%3A%2F%2Fexample.com%2F%7Bselector%7D/urn%3Auuid%3A1",
    ],
    [
      "https://example.com/users/foo/{?topic}",
      "https://example.com/users/foo/?topic=https%3A%2F%2Fexample.com%2Fbooks%2F1",
    ],
    ["https://example.com/{+path}", "https://example.com/a/b?c=d"],
    ["https://example.com/search{?q,lang}", "https://example.com/search?lang=en"],
    ["https://example.com/search{?q,lang}", "https://example.com/search"],
    ["http://example.com/messages/{id}{?params*}", "http://example.com/messages/1?a=b&c=d"],
    ["{a}{b}", "anything"],
    ["https://例え.jp/{id}", "https://例え.jp/1"],
  ];
  const no: [string, string][] = [
    ["https://example.com/books/{id}", "https://example.com/books/1/pages"],
    ["https://example.com/books/{id}", "https://example.com/books/1?a"],
    ["https://example.com/books/{id}", "https://example.com/books/1#a"],
    ["https://example.com/books/{id}", "https://example.com/books/a=b"],
    ["https://example.com/books/{id}", "https://example.com/books/%zz"],
    ["https://example.com/books/{id}", "https://example.com/books/%4"],
    ["https://example.com/books/{id}", "https://example.com/books/é"],
    ["https://example.com/books/{id}", "https://example.com/books"],
    ["https://example.com/books/{id}", "xhttps://example.com/books/1"],
    ["https://example.com/books/{id}.jsonld", "https://example.com/books/foo.json"],
    ["https://example.com/{id:3}", "https://example.com/four"],
    ["https://example.com/{id:3}", "https://example.com/%E6%9D%B1%E4%BA%AC%F0%9F%98%80x"],
    ["https://example.com/search{?q,lang}", "https://example.com/search?lang=en&q=a"],
    ["https://example.com/search{?q}", "https://example.com/search?other=a"],
    ["https://example.com/search{?q}", "https://example.com/search?q"],
    ["/a{/b}", "/a/b/c"],
    ["/a{;x}", "/a;y=1"],
    ["/a{.x}", "/a/b"],
  ];
  for (const [template, text] of yes) assert.equal(matches(template, text), true, `${template} and ${text}`);
  for (const [template, text] of no) assert.equal(matches(template, text), false, `${template} and ${text}`);
  assert.equal(matches("https://example.com/{id:3}", "https://example.com/%E6%9D%B1%E4%BA%ACx"), true);
});

/** All that a template expands to, as a regular expression: for short texts, since it tries things twice. */
function expressionOf(template: string): RegExp {
  const quote = (text: string) => text.replace(/[.*+?^${}()|[\]\\/&;#-]/g, "\\$&");
  const parts = template.split(/(\{[^}]*\})/).map((part) => {
    if (!part.startsWith("{")) return quote(part);
    const operator = /[+#./;?&]/.exec(part[1]!)?.[0] ?? "";
    const isReserved = operator === "+" || operator === "#";
    const unit = `(?:[\\w.~${isReserved ? ":/?#[\\]@!$&'()*+,;=" : ""}-]|%[0-9A-Fa-f]{2})`;
    const [first, separator] =
      { "": ["", ","], "+": ["", ","], "#": ["#", ","], "?": ["?", "&"] }[operator] ??
        [operator, operator];
    const value = (written: string) => {
      const explodes = written.endsWith("*");
      const name = quote(explodes ? written.slice(0, -1) : written);
      const again = (item: string) => `${item}(?:${quote(separator!)}${item})*`;
      if (operator === ";") {
        return explodes ? again(`${unit}*(?:=${unit}*)?`) : `${name}(?:=(?:${unit}|,)*)?`;
      }
      if (operator === "?" || operator === "&") {
        return explodes ? again(`${unit}*=${unit}*`) : `${name}=(?:${unit}|,)*`;
      }
      return explodes ? again(`${unit}*(?:=${unit}*)?`) : `(?:${unit}|,)*`;
    };
    // Any of the variables may be missing.
    const variables = part.slice(1 + operator.length, -1).split(",").map(value);
    const choices = Array.from(
      { length: 2 ** variables.length - 1 },
      (_, i) => variables.filter((_, at) => ((i + 1) >> at) & 1).join(quote(separator!)),
    );
    return `(?:${quote(first!)}(?:${choices.join("|")}))?`;
  });
  return new RegExp(`^${parts.join("")}$`, "s");
}

test("random templates match what a regular expression of theirs matches, and all that they expand to", () => {
  const random = new Random(6570);
  const text = (from: readonly string[], most: number) =>
    Array.from({ length: random.below(most + 1) }, () => random.pick(from)).join("");
  let [compared, matched] = [0, 0];
  for (let i = 0; i < 600; i++) {
    const expression = () =>
      `{${random.pick(["", "+", "#", ".", "/", ";", "?", "&"])}${
        Array.from({ length: 1 + random.below(3) }, () =>
          random.pick(["x", "y", "ab", "a.b"]) + random.pick(["", "", "*"])).join(",")
      }}`;
    const template = Array.from({ length: 1 + random.below(3) }, () =>
      text(["/", "a", ".", "x=", "?", "-"], 2) + expression()).join("") + text(["/", "a", "=", "&"], 2);
    const oracle = expressionOf(template);
    const compiled = readUriTemplate(template)!;
    for (let j = 0; j < 15; j++) {
      const value = () =>
        text(["a", "x", "/", "=", "&", "é", "%41", ",", "."], 3);
      const expanded = parseTemplate(template).expand({
        x: random.pick([value(), [value(), value()], undefined]) as string,
        y: random.pick([value(), { x: value(), ab: value() }]) as string,
        ab: value(),
      });
      assert.ok(compiled.matches(expanded), `${template} and its expansion ${expanded}`);
      const other = j % 2 === 0
        ? text(["/", "a", "x", "=", "?", "&", ",", "ab=", ".", "#", "%4a", ";", "-"], 8)
        : expanded.slice(0, random.below(9)) + text(["/", "a", "=", ","], 2) +
          expanded.slice(random.below(9));
      assert.equal(compiled.matches(other), oracle.test(other), `${template} and ${other}`);
      compared++;
      if (oracle.test(other)) {
        matched++;
      }
    }
  }
  assert.ok(compared > 8_000 && matched > 500, `${compared} compared, ${matched} matched`);
});

test("what is no template, or has no variable, is none", () => {
  for (
    const text of [
      "https://example.com/books/1",
      "bar",
      "{",
      "a}b",
      "{}",
      "{a",
      "{a}}",
      "{{a}}",
      "{!a}",
      "{=a}",
      "{|a}",
      "{a b}",
      "{a,}",
      "{,a}",
      "{a..b}",
      "{.}",
      "{a:0}",
      "{a:10000}",
      "{a:}",
      "{a:3*}",
      "{a-b}",
      "a b{c}",
      "a%zz{c}",
      'a"{c}',
      "a\\{c}",
      "a<{c}>",
    ]
  ) assert.equal(readUriTemplate(text), undefined, text);
});

test("a template that a regular expression would take years for takes no time, and a huge one is refused", () => {
  const begun = performance.now();
  const long = "a".repeat(2_000);
  assert.equal(matches(`${"{a}".repeat(16)}!`, `${long}`), false);
  assert.equal(matches(`${"{+a*}".repeat(16)}!`, `${long}?`), false);
  assert.equal(
    matches(`{?${Array.from({ length: 16 }, (_, i) => `n${i}*`).join(",")}}!`, `?${long}=&=`),
    false,
  );
  assert.equal(matches(`{a:32}{b:32}!`, long), false);
  assert.equal(matches(`${"{/a*}".repeat(16)}!`, "/a".repeat(1_000)), false);
  assert.ok(performance.now() - begun < 2_000, `${performance.now() - begun} ms`);
  assert.throws(() => readUriTemplate("{a}".repeat(17)), /17 variables, and 16 are allowed/);
  assert.throws(() => readUriTemplate("{a:60}{b:5}"), /65 characters.* 64/);
});
