/** Tests a sink's orders of events: pull, wake, write, end, cut. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../../lib/base/clock.ts";
import { answer } from "../../lib/stream/answer.ts";
import { EventStream } from "../../lib/stream/event_stream.ts";
import type { CloseInfo } from "../../lib/stream/options.ts";
import { BodySink, type Producer } from "../../lib/stream/sink.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (chunk: Uint8Array | undefined) => new TextDecoder().decode(chunk);

/** A producer that has some texts to say and counts how often it was asked. */
class Queue implements Producer {
  readonly sink: BodySink = new BodySink(this, systemClock);
  texts: string[] = [];
  asked = 0;
  left = 0;

  constructor() {
    this.sink.write(bytes("first"));
  }

  pull(): boolean {
    this.asked++;
    const next = this.texts.shift();
    if (next === undefined) return false;
    this.sink.write(bytes(next));
    return true;
  }

  cancelled(): void {
    this.left++;
  }
}

test("the producer is asked only when all was taken, and not again while it has nothing", async () => {
  const queue = new Queue();
  queue.texts = ["a", "b"];
  const reader = queue.sink.body.getReader();
  await nextTurn();
  assert.equal(queue.asked, 0, "the first chunk waits still");
  assert.equal(queue.sink.hasRoom, false);
  assert.equal(queue.sink.buffered, 5);
  for (const expected of ["first", "a", "b"]) assert.equal(text((await reader.read()).value), expected);
  const pending = reader.read();
  await nextTurn();
  assert.equal(queue.asked, 3);
  assert.equal(queue.sink.hasRoom, true);
  // Written unasked, as to a client that keeps up: it is not asked after each of these.
  queue.sink.write(bytes("c"));
  assert.equal(text((await pending).value), "c");
  queue.sink.write(bytes("d"));
  assert.equal(text((await reader.read()).value), "d");
  await nextTurn();
  assert.equal(queue.asked, 3);
});

test("a wake asks at once where there is room, and as often as there is more", async () => {
  const queue = new Queue();
  const reader = queue.sink.body.getReader();
  await reader.read();
  const pending = reader.read();
  await nextTurn();
  assert.equal(queue.asked, 1);
  queue.sink.wake();
  assert.equal(queue.asked, 2, "asked, though in vain");
  queue.texts = ["a", "b"];
  queue.sink.wake();
  assert.equal(queue.asked, 3);
  assert.equal(text((await pending).value), "a");
  assert.equal(text((await reader.read()).value), "b");
});

test("a wake while the client has not taken all is heeded once it has", async () => {
  const queue = new Queue();
  const reader = queue.sink.body.getReader();
  await reader.read();
  await nextTurn();
  queue.sink.write(bytes("live"));
  queue.texts = ["late"];
  queue.sink.wake();
  await nextTurn();
  assert.equal(queue.asked, 1, "there is no room");
  assert.equal(text((await reader.read()).value), "live");
  assert.equal(text((await reader.read()).value), "late");
});

test("a wake before the body was ever read is not needed, and harms nothing", async () => {
  const queue = new Queue();
  queue.texts = ["a"];
  queue.sink.wake();
  assert.equal(queue.asked, 0);
  const reader = queue.sink.body.getReader();
  assert.equal(text((await reader.read()).value), "first");
  assert.equal(text((await reader.read()).value), "a");
});

test("a cut comes after what was written, or at once if that is to be thrown away", async () => {
  const kept = new Queue();
  kept.sink.cut("error", false);
  const reader = kept.sink.body.getReader();
  assert.equal(text((await reader.read()).value), "first");
  await assert.rejects(reader.read(), /tidings cut an event stream off \(reason: error\)/);
  const discarded = new Queue();
  discarded.sink.cut("lagging", true);
  await assert.rejects(discarded.sink.body.getReader().read(), /reason: lagging/);
});

test("the end comes after what was written, and a reader that goes away is told once", async () => {
  const queue = new Queue();
  queue.sink.end();
  queue.sink.end();
  const reader = queue.sink.body.getReader();
  assert.equal(text((await reader.read()).value), "first");
  assert.equal((await reader.read()).done, true);
  const other = new Queue();
  await other.sink.body.cancel();
  assert.equal(other.left, 1);
  assert.throws(() => other.sink.write(bytes("x")));
});

/** A stream that does, each time it is asked, what the next of its steps says. */
class Scripted extends EventStream {
  steps: ((stream: Scripted) => boolean)[] = [];
  readonly told: CloseInfo[] = [];

  protected more(): boolean {
    return this.steps.shift()?.(this) ?? false;
  }

  protected ended(info: CloseInfo): void {
    this.told.push(info);
  }
}

function scripted(): Scripted {
  const request = new Request("http://localhost/");
  const head = answer(request, {}, 200);
  assert.ok(!(head instanceof Response));
  return new Scripted(request, head, { keepalive: false }, "first");
}

test("a stream that is woken while it is asked, and had nothing, is asked again", async () => {
  const stream = scripted();
  const reader = stream.body.getReader();
  stream.steps = [
    () => {
      // What it waited for came at this very moment.
      stream.wake();
      return false;
    },
    () => stream.write(bytes("second")),
  ];
  assert.equal(text((await reader.read()).value), "first");
  assert.equal(text((await reader.read()).value), "second");
  stream.end("end");
});

test("a stream that ends while it is asked is asked no more, and tells its end once", async () => {
  const stream = scripted();
  const reader = stream.body.getReader();
  let asked = 0;
  stream.steps = [
    () => {
      asked++;
      stream.end("end");
      stream.wake();
      return true;
    },
    () => {
      asked++;
      return false;
    },
  ];
  await reader.read();
  assert.equal((await reader.read()).done, true);
  await nextTurn();
  assert.equal(asked, 1);
  assert.equal(stream.write(bytes("x")), false);
  stream.end("client");
  stream.truncate({ reason: "error" });
  assert.deepEqual(stream.told, [{ reason: "end" }]);
});
