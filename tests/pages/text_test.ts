// Tests the sentences of every page, in English and Chinese.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage, label } from "../../examples/page/language.js";
import { framed } from "../../examples/support/frame.ts";

const examples = new URL("../../examples/", import.meta.url);
const folders = readdirSync(examples).filter((name) => existsSync(new URL(`${name}/text.js`, examples)));

/** What a value is, down to its leaves: the kind of each, under the name it has. */
function shape(value: unknown, name = ""): string[] {
  if (typeof value !== "object" || value === null) return [`${name}: ${typeof value}`];
  return Object.entries(value).flatMap(([key, part]) => shape(part, `${name}.${key}`)).sort();
}

/** The sentences themselves; what a function says of 3 and of "x" stands for it. */
function sentences(value: unknown): string[] {
  if (typeof value === "function") return [String(value(3, 3, 3)), String(value("x", "x", "x"))];
  return typeof value === "object" && value !== null
    ? Object.values(value).flatMap(sentences)
    : [String(value)];
}

test("every system has its sentences", () => {
  for (
    const name of [
      "dashboard",
      "gallery",
      "introduction",
      "job",
      "named-events",
      "page",
      "ticker",
      "tokens",
      "upload",
    ]
  ) {
    assert.ok(folders.includes(name), name);
  }
});

for (const folder of folders) {
  test(`${folder}: the same sentences in English and Chinese, and none is empty`, async () => {
    const { texts } = await import(new URL(`${folder}/text.js`, examples).href);
    assert.deepEqual(Object.keys(texts), ["en", "zh"]);
    assert.deepEqual(shape(texts.zh), shape(texts.en));
    const [english, chinese] = [sentences(texts.en), sentences(texts.zh)];
    for (const sentence of [...english, ...chinese]) {
      assert.ok(sentence.trim() !== "" && !sentence.includes("undefined"));
    }
    // Somewhere every page speaks the language, and not only names and numbers.
    const han = /\p{Script=Han}/u;
    assert.deepEqual(english.filter((sentence) => han.test(sentence)), []);
    assert.ok(chinese.filter((sentence) => han.test(sentence)).length > chinese.length / 2);
  });

  for (const page of readdirSync(new URL(folder, examples)).filter((name) => name.endsWith(".html"))) {
    test(`${folder}/${page}: every sentence that it asks for is there`, async () => {
      const { texts } = await import(new URL(`${folder}/text.js`, examples).href);
      const said = { ...label.en, ...texts.en };
      const html = framed(page, readFileSync(new URL(`${folder}/${page}`, examples), "utf8"));
      const keys = [...html.matchAll(/data-(?:text|label|placeholder)="([^"]*)"/g)].map(([, key]) => key!);
      assert.ok(keys.length > 0);
      for (const key of keys) {
        const found = key.split(".").reduce((part, name) => part?.[name], said);
        assert.equal(typeof found, "string", key);
      }
      assert.equal(typeof texts.en.title, "string");
    });
  }
}

test("the language: what the address asks for, then what was chosen, then what the browser prefers", () => {
  assert.equal(chooseLanguage({}), "en");
  assert.equal(chooseLanguage({ preferred: ["zh-CN", "en"] }), "zh");
  assert.equal(chooseLanguage({ preferred: ["zh-Hant-TW"] }), "zh");
  assert.equal(chooseLanguage({ preferred: ["de-DE", "en-GB", "zh"] }), "en");
  assert.equal(chooseLanguage({ preferred: ["fr", "ZH"] }), "zh");
  assert.equal(chooseLanguage({ chosen: "en", preferred: ["zh-CN"] }), "en");
  assert.equal(chooseLanguage({ search: "?lang=zh", chosen: "en" }), "zh");
  assert.equal(chooseLanguage({ search: "?lang=tlh", chosen: "constructor", preferred: ["zh"] }), "zh");
});
