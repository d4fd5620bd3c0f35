/**
 * Reads an update from the fields that a publisher sent, and makes the event of it that the Broadcaster publishes.
 *
 * @module
 */

import { EARLIEST } from "../log/cursor.ts";
import type { EventMap, PublishEvent } from "../log/typed.ts";
import type { HubSettings } from "./settings.ts";
import { Refusal } from "./refusal.ts";
import { isPrintable, privateName, type TopicReader } from "./topic.ts";

/** An update that the program itself publishes: the fields of the JSON route. */
export interface HubUpdate {
  /** The canonical topic, then the alternate ones. */
  topic: string | readonly string[];
  /** Text, or any JSON. Default: `""`. */
  data?: unknown;
  /** Whether it reaches only whom a token lets read one of its topics. Default: `false`. */
  private?: boolean | undefined;
  /** Its id. Default: one of the log's own. */
  id?: string | undefined;
  /** Its SSE type. Default: none, which is `message`. */
  event?: string | undefined;
  /** Milliseconds after which clients come back. Default: not said. */
  retry?: number | undefined;
}

/** An update that was checked. */
export interface Update {
  /** The canonical topic, then the alternate ones. */
  readonly topics: readonly string[];
  readonly isPrivate: boolean;
  readonly data: unknown;
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly retry: number | undefined;
}

/** The SSE type of the updates that the hub publishes itself, and nobody else may. */
export const HUB_TYPE = "mercure";

// As much as a header should carry.
const LONGEST_ID = 1_024;
// The largest number of milliseconds that a timer can take has ten digits.
const LONGEST_RETRY = 10;

/** Reads the fields of a form. Fields that are not known are ignored, as the protocol asks. */
export function updateOfForm(form: URLSearchParams): Update {
  const id = form.get("id") ?? undefined;
  const type = form.get("type") ?? undefined;
  const retry = form.get("retry") ?? undefined;
  if (retry !== undefined && !/^\d+$/.test(retry)) {
    throw new Refusal(400, "The field retry must be a number of milliseconds");
  }
  if (retry !== undefined && retry.length > LONGEST_RETRY) {
    throw new Refusal(413, `The field retry may have ${LONGEST_RETRY} digits`);
  }
  return {
    topics: form.getAll("topic"),
    isPrivate: form.has("private"),
    data: form.get("data") ?? "",
    id: id === "" ? undefined : id,
    type: type === "" ? undefined : type,
    retry: retry === undefined ? undefined : Number(retry),
  };
}

const JSON_FIELDS = ["topic", "data", "private", "id", "event", "retry"];

/** Reads an event of the JSON route: there a field that is not known is refused, and data may be any JSON. */
export function updateOfJson(event: unknown): Update {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    throw new Refusal(
      400,
      'An event must be an object such as { "topic": "orders/7", "data": { "state": "paid" } }',
    );
  }
  const unknown = Object.keys(event).find((name) => !JSON_FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new Refusal(
      400,
      `An event has no field ${JSON.stringify(unknown.slice(0, 60))}: its fields are ${
        JSON_FIELDS.join(", ")
      }`,
    );
  }
  const { topic, data = "", private: isPrivate = false, id, event: type, retry } = event as Record<
    string,
    unknown
  >;
  const topics = Array.isArray(topic) ? topic : topic === undefined ? [] : [topic];
  if (!topics.every((each) => typeof each === "string")) {
    throw new Refusal(400, "The field topic must be a string, or a list of strings");
  }
  if (typeof isPrivate !== "boolean") throw new Refusal(400, "The field private must be true or false");
  if (id !== undefined && typeof id !== "string") throw new Refusal(400, "The field id must be a string");
  if (type !== undefined && typeof type !== "string") {
    throw new Refusal(400, "The field event must be a string");
  }
  if (retry !== undefined && typeof retry !== "number") {
    throw new Refusal(400, "The field retry must be a number");
  }
  return { topics, isPrivate, data, id, type, retry };
}

/**
 * Checks what may be published by anybody, whatever the token grants.
 *
 * @throws {Refusal} With 400, or 413 where there is too much of something.
 */
export function checkUpdate(
  { topics, id, type }: Update,
  { limits }: HubSettings,
  reader: TopicReader,
): void {
  if (topics.length === 0) throw new Refusal(400, "There must be at least one field topic");
  if (topics.length > limits.topics) {
    throw new Refusal(413, `An update may have ${limits.topics} topics, and this one has ${topics.length}`);
  }
  for (const topic of topics) {
    if (topic.length > limits.topicLength) {
      throw new Refusal(
        413,
        `A topic may have ${limits.topicLength} characters, and one has ${topic.length}`,
      );
    }
    if (topic === "" || topic === "*") {
      throw new Refusal(400, "A topic must not be empty, and not *, which stands for all");
    }
    if (!isPrintable(topic)) {
      throw new Refusal(400, "A topic must have no control character, and none that cannot be seen");
    }
    if (reader.isReserved(topic)) {
      throw new Refusal(400, "A topic must not lie at the hub's own address, or below it");
    }
  }
  if (id !== undefined) {
    if (id.length > LONGEST_ID) throw new Refusal(413, `An id may have ${LONGEST_ID} characters`);
    if (id === "" || id.startsWith("#") || id === EARLIEST || !isPrintable(id)) {
      throw new Refusal(
        400,
        "An id must not be empty, begin with #, be earliest, or have characters that cannot be seen",
      );
    }
  }
  if (type !== undefined && (!isPrintable(type) || type === HUB_TYPE)) {
    throw new Refusal(
      400,
      `A type must have no control character, and must not be ${HUB_TYPE}, which is the hub's own`,
    );
  }
}

/** The event as the Broadcaster takes it: a private update lies under other names. */
export function toEvent({ topics, isPrivate, data, id, type, retry }: Update): PublishEvent<EventMap> {
  const names = [...new Set(isPrivate ? topics.map(privateName) : topics)];
  return { topic: names.length === 1 ? names[0] : names, data, id, event: type, retry };
}
