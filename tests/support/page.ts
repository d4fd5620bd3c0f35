// What the tests of the demo page share: its document, simulated, and a network that does what a test tells it to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";

const html = readFileSync(new URL("../../examples/dashboard/index.html", import.meta.url), "utf8");
/** Node 18 runs the rest of the suite. */
const skip = Number(process.versions.node.split(".")[0]) < 20 && "happy-dom needs Node 20 or newer";
/** A test that needs a document: the page's own, with nothing of it loaded or run. */
export function domTest(name: string, body: (document: Document) => void | Promise<void>): void {
  test(name, { skip }, async () => {
    const { Window } = await import("happy-dom");
    const window = new Window({ url: "http://127.0.0.1/" });
    try {
      window.document.body.innerHTML = /<body>([^]*)<\/body>/.exec(html)?.[1] ?? "";
      await body(window.document as unknown as Document);
    } finally {
      await window.happyDOM.close();
    }
  });
}

/** An EventSource that does what the test tells it to. */
export class FakeEventSource extends EventTarget {
  readyState = 0;
  constructor(readonly url: string) {
    super();
  }
  opens(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  /** The connection broke; the browser tries again by itself. */
  breaks(): void {
    this.readyState = 0;
    this.dispatchEvent(new Event("error"));
  }
  /** The browser gave up, as after a 503. */
  fails(): void {
    this.readyState = 2;
    this.dispatchEvent(new Event("error"));
  }
  receives(data: string, lastEventId = "", name = "message"): void {
    this.dispatchEvent(new MessageEvent(name, { data, lastEventId }));
  }
  close(): void {
    this.readyState = 2;
  }
}

/** Collects every FakeEventSource that is opened; the newest is `last`. */
export function fakeNetwork(): {
  opened: FakeEventSource[];
  readonly last: FakeEventSource;
  open(url: string): EventSource;
} {
  const opened: FakeEventSource[] = [];
  return {
    opened,
    get last() {
      const newest = opened.at(-1);
      assert.ok(newest, "nothing was opened");
      return newest;
    },
    open(url) {
      const source = new FakeEventSource(url);
      opened.push(source);
      return source as unknown as EventSource;
    },
  };
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
