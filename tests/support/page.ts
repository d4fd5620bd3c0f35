// Simulates the dashboard's document for tests, and a network that does what a test tells it to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fillIn } from "../../examples/page/language.js";
import { framed } from "../../examples/support/frame.ts";
import { text } from "../../examples/dashboard/text.js";
import type { StateDetail, StreamItem, StreamState } from "../../lib/client/mod.ts";
import type { connectShared } from "../../lib/client/shared.ts";

const html = framed(
  "dashboard/index.html",
  readFileSync(new URL("../../examples/dashboard/index.html", import.meta.url), "utf8"),
);
/** Node 18 runs the rest of the suite. */
const skip = Number(process.versions.node.split(".")[0]) < 20 && "happy-dom needs Node 20 or newer";
/** A test that needs a document: the page's own, with nothing of it loaded or run. */
export function domTest(name: string, body: (document: Document) => void | Promise<void>): void {
  test(name, { skip }, async () => {
    const { Window } = await import("happy-dom");
    const window = new Window({ url: "http://127.0.0.1/" });
    try {
      window.document.body.innerHTML = /<body>([^]*)<\/body>/.exec(html)?.[1] ?? "";
      fillIn(text, window.document as unknown as Document);
      await body(window.document as unknown as Document);
    } finally {
      await window.happyDOM.close();
    }
  });
}

/** A stream that does what the test tells it to. */
export class FakeStream {
  state: StreamState = "connecting";
  onstate: ((state: StreamState, detail: StateDetail) => void) | undefined;
  readonly closed: Promise<void> = new Promise(() => {});
  #handler: (item: StreamItem) => unknown = () => {};
  constructor(readonly url: string, public lastEventId: string) {}
  enter(state: StreamState, detail: StateDetail = {}): void {
    this.state = state;
    this.onstate?.(state, detail);
  }
  opens(clientId: string): void {
    this.enter("open", { response: new Response("", { headers: { "x-client-id": clientId } }) });
  }
  receives(data: string, lastEventId: string, event = "message"): void {
    this.lastEventId = lastEventId;
    this.#handler({ kind: "event", event, data, lastEventId });
  }
  gap(lastEventId: string): void {
    const told = { requested: "8f-1", resumedAt: lastEventId, reason: "epoch" };
    this.#handler({ kind: "gap", event: "gap", data: JSON.stringify(told), ...told, lastEventId });
  }
  on(handler: (item: StreamItem) => unknown): void {
    this.#handler = handler;
  }
  close(): void {
    this.state = "closed";
  }
}

/** Collects every FakeStream that is opened; the newest is `last`. */
export class FakeNetwork {
  readonly opened: FakeStream[] = [];
  readonly connect = ((url: string, options: { lastEventId: string }) => {
    const stream = new FakeStream(url, options.lastEventId);
    this.opened.push(stream);
    return stream;
  }) as unknown as typeof connectShared;
  get last(): FakeStream {
    const newest = this.opened.at(-1);
    assert.ok(newest, "nothing was opened");
    return newest;
  }
}

export function element(document: Document, id: string): HTMLElement {
  const found = document.getElementById(id);
  assert.ok(found, `no element #${id}`);
  return found;
}

/** Waits until `condition` holds; the test's own time limit ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
