/**
 * Turns an event off the wire into what the application gets: a gap, typed data, or a refusal.
 *
 * @module
 */
import type { InvalidEvent, OtherEvent, Schemas, ServerGap } from "./items.ts";
import type { ServerComment, ServerEvent } from "./parse.ts";

/** The same without its type parameters, as it goes through the queue's machinery. */
export type AnyItem = ServerEvent<unknown> | ServerComment | ServerGap | InvalidEvent | OtherEvent;

/** Never throws: a schema that does so has refused the data. */
export async function decode(item: ServerEvent, schemas: Schemas | undefined): Promise<AnyItem> {
  // A comment has neither.
  const { event, data } = item;
  const schema = schemas?.[event]?.["~standard"];
  if (!schema && event !== "gap") return schemas && event ? { ...item, kind: "other" } : item;
  // The server writes a string as it is and anything else as JSON, so data that is no JSON is a string.
  let json: unknown = data;
  try {
    json = JSON.parse(data);
  } catch {
    // A string, then.
  }
  if (event === "gap") return { ...json !== data && json as object, ...item, kind: "gap" } as ServerGap;
  let refusal: InvalidEvent["issues"] | undefined;
  // A string may look like JSON, "12" for one: where the schema refuses the value it gets the text.
  for (const each of [json, data]) {
    try {
      const result = await schema!.validate(each);
      if (!result.issues) return { ...item, data: result.value };
      refusal ??= result.issues;
    } catch (error) {
      refusal ??= [error as Error];
    }
  }
  return { ...item, kind: "invalid", issues: refusal! };
}
