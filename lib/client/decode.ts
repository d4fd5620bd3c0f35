// An event off the wire → what the application gets: a gap, typed data, or a refusal.
import { TidingsError } from "../errors.ts";
import type { InvalidEvent, OtherEvent, Schemas, ServerGap, WireItem } from "./items.ts";
import type { ServerComment, ServerEvent } from "./parse.ts";

/** The same without its type parameters, as it goes through the queue's machinery. */
export type AnyItem = ServerEvent<unknown> | ServerComment | ServerGap | InvalidEvent | OtherEvent;

/** Never throws: a schema that does so has refused the data. */
export async function decode(item: WireItem, schemas: Schemas | undefined): Promise<AnyItem> {
  if (item.kind !== "event") return item;
  const { event, data, lastEventId } = item;
  const isGap = event === "gap";
  if (!isGap) {
    if (!schemas) return item;
    if (!Object.hasOwn(schemas, event)) return { ...item, kind: "other" };
  }
  // The server writes a string as it is and anything else as JSON, so data that is no JSON is a string.
  let values: unknown[] = [data];
  let json: object | undefined;
  try {
    values = [json = JSON.parse(data), data];
  } catch {
    // A string, then.
  }
  if (isGap) return { requested: "", resumedAt: "", reason: data, ...json, kind: "gap", lastEventId };
  let cause: unknown;
  // A string may look like JSON, "12" for one: where the schema refuses the value it gets the text.
  for (const value of values) {
    try {
      const result = await schemas![event]!["~standard"].validate(value);
      if (!result.issues) return { ...item, data: result.value };
      cause ??= result.issues;
    } catch (error) {
      cause ??= error;
    }
  }
  const error = new TidingsError("invalid-data", `Data of "${event}" does not fit its schema: see the cause`, { cause });
  return { ...item, kind: "invalid", error };
}
