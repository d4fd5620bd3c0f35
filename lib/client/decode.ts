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
  // The server writes a string as it is and anything else as JSON, so data that is no JSON is a string.
  let json: object | undefined;
  try {
    json = JSON.parse(data);
  } catch {
    // A string, then.
  }
  if (event === "gap") {
    return { requested: "", resumedAt: "", reason: data, ...json, kind: "gap", lastEventId };
  }
  if (!schemas) return item;
  if (!Object.hasOwn(schemas, event)) return { ...item, kind: "other" };
  let cause: unknown;
  // A string may look like JSON, "12" for one: where the schema refuses the value it gets the text.
  for (const value of json === undefined ? [data] : [json, data]) {
    try {
      const result = await schemas![event]!["~standard"].validate(value);
      if (!result.issues) return { ...item, data: result.value };
      cause ??= result.issues;
    } catch (error) {
      cause ??= error;
    }
  }
  const error = new TidingsError(
    "invalid-data",
    `Data of "${event}" does not fit its schema: see the cause`,
    { cause },
  );
  return { ...item, kind: "invalid", error };
}
