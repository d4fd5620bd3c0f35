// Tests the dashboard's form: what is sent, and what becomes of a text that could not be.
import assert from "node:assert/strict";
import { enableBroadcast } from "../../examples/dashboard/broadcast.js";
import { domTest, element, until } from "../support/page.ts";

function broadcastForm(document: Document, answer: () => Promise<Response>) {
  const form = element(document, "broadcast") as HTMLFormElement;
  const field = element(document, "text") as HTMLInputElement;
  const note = element(document, "broadcast-note");
  const posted: RequestInit[] = [];
  const fetch = (_url: string, init?: RequestInit) => {
    posted.push(init ?? {});
    return answer();
  };
  enableBroadcast({ form, field, note }, { url: "/broadcast", fetch: fetch });
  const { Event } = document.defaultView as unknown as typeof globalThis;
  const submit = (text: string) => {
    field.value = text;
    form.dispatchEvent(new Event("submit", { cancelable: true }));
  };
  return { field, note, posted, submit };
}

domTest("a broadcast posts the text as it is, once, and empties the field", async (document) => {
  const { field, note, posted, submit } = broadcastForm(document, () => Promise.resolve(new Response("ok")));
  submit("  hello <b>");
  submit("  hello <b>");
  await until(() => note.textContent === "Sent.");
  assert.equal(posted.length, 1);
  assert.equal(posted[0]?.method, "POST");
  assert.equal(posted[0]?.body, "  hello <b>");
  assert.deepEqual(posted[0]?.headers, { "content-type": "text/plain;charset=UTF-8" });
  assert.equal(field.value, "");
});

domTest("what is typed while a broadcast is on its way stays", async (document) => {
  let answer = (_response: Response) => {};
  const { field, note, submit } = broadcastForm(document, () => new Promise((resolve) => answer = resolve));
  submit("first");
  field.value = "second";
  answer(new Response("ok"));
  await until(() => note.textContent === "Sent.");
  assert.equal(field.value, "second");
});

for (
  const [problem, answer, sentence] of [
    ["a refused broadcast", () => Promise.resolve(new Response("", { status: 500 })), /answered 500/],
    [
      "a broadcast too large",
      () => Promise.resolve(new Response("", { status: 413 })),
      /no more than 64 KB/,
    ],
    ["a broadcast without a server", () => Promise.reject(new TypeError("no network")), /cannot be reached/],
  ] as const
) {
  domTest(`${problem} is explained, and its text kept`, async (document) => {
    const { field, note, submit } = broadcastForm(document, answer);
    submit("precious");
    await until(() => sentence.test(note.textContent ?? ""));
    assert.equal(field.value, "precious");
    assert.equal(field.getAttribute("aria-invalid"), "true");
    const { Event } = document.defaultView as unknown as typeof globalThis;
    field.dispatchEvent(new Event("input"));
    assert.equal(field.getAttribute("aria-invalid"), "false");
  });
}
