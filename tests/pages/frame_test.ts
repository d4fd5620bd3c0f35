// Tests the frame of the examples' pages: what a page says of itself fills it, and a slip is an error at start.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { folder } from "../../examples/support/files.ts";
import { framed } from "../../examples/support/frame.ts";

const HEAD = `<!-- Fills ../support/frame.html:
  title: tidings · job
  styles: job.css more.css
  script: page.js
-->
`;
const BODY = `<div class="page job">
  {masthead}
  <p>One
    and two</p>
</div>
`;

test("a page is the frame with its slots filled in, each line as far in as its slot", () => {
  const html = framed("job/index.html", HEAD + BODY);
  assert.match(html, /^<!DOCTYPE html>\n<html lang="en">\n {2}<head>\n {4}<meta charset="utf-8">\n/);
  assert.match(html, /\n {4}<title>tidings · job<\/title>\n/);
  assert.match(
    html,
    /"\.\.\/page\/frame\.css">\n( {4}<link rel="stylesheet" href="(job|more)\.css">\n){2} {4}<s/,
  );
  assert.match(html, /\n {4}<script type="module" src="page\.js"><\/script>\n {2}<\/head>\n/);
  assert.match(html, /\n {4}<div class="page job">\n {6}<header class="masthead">\n {8}<a class="wordmark"/);
  assert.match(html, /\n {6}<\/header>\n {6}<p>One\n {8}and two<\/p>\n {4}<\/div>\n {4}<noscript>\n/);
  assert.doesNotMatch(html, /[{}]/);
});

test("no style of its own, and the line ends of another system, change nothing else", () => {
  const html = framed("a.html", (HEAD + BODY).replace("job.css more.css", "").replaceAll("\n", "\r\n"));
  assert.equal(
    html.replace("\n\n", "\n"),
    framed("a.html", HEAD + BODY).replace(/.*(job|more)\.css.*\n/g, ""),
  );
});

const slips: [string, string, RegExp][] = [
  [
    "no slots at all",
    BODY,
    /^job\/index\.html must begin with a comment that fills the slots title, styles, /,
  ],
  [
    "a slot that is missing",
    HEAD.replace(/ *title.*\n/, "") + BODY,
    /^job\/index\.html must fill the slot title/,
  ],
  ["a slot that is empty", HEAD.replace("page.js", "") + BODY, /^job\/index\.html must fill the slot script/],
  [
    "a slot that is unknown",
    HEAD.replace("styles", "style") + BODY,
    /^job\/index\.html fills a slot style, /,
  ],
  [
    "a slot that is filled twice",
    HEAD.replace("styles", "title") + BODY,
    /^job\/index\.html fills .* title twice/,
  ],
  [
    "a line that fills none",
    HEAD.replace("title:", "title") + BODY,
    /^job\/index\.html has the line "title tidings/,
  ],
  [
    "an unknown slot in its text",
    `${HEAD}{mast}\n`,
    /^job\/index\.html has a slot \{mast\}, which nothing fills: /,
  ],
];

for (const [what, page, message] of slips) {
  test(`${what} is an error that names file and slot`, () => {
    assert.throws(() => framed("job/index.html", page), { name: "TypeError", message });
  });
}

test("a folder with such a page does not start", async () => {
  const place = mkdtempSync(join(tmpdir(), "tidings-frame-"));
  try {
    const url = pathToFileURL(`${place}/`);
    writeFileSync(join(place, "index.html"), HEAD + BODY);
    const { "GET /x/": page } = await folder("/x/", url);
    const response = await page!(new Request("http://127.0.0.1/x/"));
    const html = framed("x/index.html", HEAD + BODY);
    assert.equal(await response.text(), html);
    assert.equal(response.headers.get("content-length"), String(new TextEncoder().encode(html).length));
    writeFileSync(join(place, "phone.html"), HEAD.replace("title", "titel") + BODY);
    await assert.rejects(folder("/x/", url), /^TypeError: x\/phone\.html fills a slot titel, /);
  } finally {
    rmSync(place, { recursive: true });
  }
});
