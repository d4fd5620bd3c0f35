// Tests events by Deno's own runner and its own assertions. They need JSR, so they stand outside every default run:
//   deno task test:std
import { assertEquals, assertThrows } from "@std/assert";
import { encodeEvent } from "../../lib/wire/event.ts";
import { TidingsError } from "../../lib/base/errors.ts";

Deno.test("an event becomes one frame that ends with a blank line", () => {
  assertEquals(
    encodeEvent({ event: "price", id: 7, data: { amount: 1 } }),
    'event: price\nid: 7\ndata: {"amount":1}\n\n',
  );
});

Deno.test("every kind of line break in the data starts a line of its own", () => {
  assertEquals(encodeEvent({ data: "a\r\nb\rc\nd" }), "data: a\ndata: b\ndata: c\ndata: d\n\n");
});

Deno.test("a field that would forge another one is refused", () => {
  assertThrows(() => encodeEvent({ event: "a\ndata: forged", data: 1 }), TidingsError);
});
