/**
 * Takes updates, as a form, as JSON or from the program itself, and publishes those that their publisher may publish.
 *
 * @module
 */

import { callHook } from "../base/errors.ts";
import { textResponse } from "../base/text_response.ts";
import { allowOrigin } from "../wire/cors.ts";
import { json, JSON_TYPE } from "./answers.ts";
import { FORM, hasType, parseForm, readBody } from "./body.ts";
import type { Figures } from "./figures.ts";
import { PublishRate } from "./limits.ts";
import type { HubSettings } from "./settings.ts";
import { notGranted, Refusal } from "./refusal.ts";
import type { Subscriptions } from "./presence/subscriptions.ts";
import { granted, type Principal, type Tokens, TRUSTED } from "./tokens.ts";
import type { TopicReader } from "./topic.ts";
import { checkUpdate, toEvent, type Update, updateOfForm, updateOfJson } from "./update.ts";

/** What publishing stands on. */
export interface PublishingParts {
  readonly tokens: Tokens;
  readonly topics: TopicReader;
  readonly subscriptions: Subscriptions | undefined;
  readonly figures: Figures;
  /** Makes the answer to a request, or to an event of a list, that is refused. */
  readonly refuse: (error: unknown, request: Request) => Response;
}

export class Publishing {
  readonly #settings: HubSettings;
  readonly #parts: PublishingParts;
  readonly #rate: PublishRate;

  constructor(settings: HubSettings, parts: PublishingParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#rate = new PublishRate(settings.limits.publishRate, settings.clock);
  }

  /** An update as a form, by the protocol. */
  async form(request: Request): Promise<Response> {
    const publisher = await this.#publisher(request);
    if (!hasType(request, FORM)) throw new Refusal(415, `An update is posted as ${FORM}`);
    const id = await this.publish(updateOfForm(parseForm(await this.#read(request))), publisher);
    return textResponse(id, {
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  }

  /** An event as JSON, or a list of them. */
  async json(request: Request): Promise<Response> {
    const { limits } = this.#settings;
    const publisher = await this.#publisher(request);
    if (!hasType(request, JSON_TYPE)) throw new Refusal(415, `Events are posted as ${JSON_TYPE}`);
    let body: unknown;
    try {
      body = JSON.parse(await this.#read(request));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, "The body is not JSON");
    }
    if (!Array.isArray(body)) return json({ id: await this.publish(updateOfJson(body), publisher) });
    if (body.length > limits.batch) {
      throw new Refusal(413, `A list may have ${limits.batch} events, and this one has ${body.length}`);
    }
    // All at once, and in their order: each has a result of its own.
    const results = body.map(async (event) => {
      try {
        return { id: await this.publish(updateOfJson(event), publisher) };
      } catch (error) {
        return { error: await this.#parts.refuse(error, request).json() };
      }
    });
    return json(await Promise.all(results));
  }

  #read(request: Request): Promise<string> {
    return readBody(request, this.#settings.limits, this.#settings.clock);
  }

  /** Who publishes. A page of another origin must not do so by a cookie that the browser sends along. */
  async #publisher(request: Request): Promise<Principal> {
    const principal = await this.#parts.tokens.require(request);
    if (principal.by === "cookie" && !this.#isTrusted(request)) {
      throw notGranted("this page's origin to publish by a cookie");
    }
    return principal;
  }

  #isTrusted(request: Request): boolean {
    const { url, cors } = this.#settings;
    if (request.headers.get("origin") === url.origin) return true;
    const headers = new Headers();
    allowOrigin(headers, request, cors);
    return headers.has("access-control-allow-credentials");
  }

  /** Publishes an update, and returns the id that subscribers are told. Throws, or publishes, before it returns. */
  publish(update: Update, publisher: Principal): Promise<string> {
    this.#parts.tokens.confirm(publisher);
    checkUpdate(update, this.#settings, this.#parts.topics);
    const mayPublish = granted(publisher, "publish");
    if (!update.topics.every((topic) => mayPublish.some((matcher) => matcher.matches(topic)))) {
      throw notGranted("publish on every topic of the update");
    }
    if (publisher !== TRUSTED) this.#rate.take(publisher.name);
    const { clock, onPublished } = this.#settings;
    const { topics, isPrivate } = update;
    const since = clock.now();
    return this.#settings.broadcaster.publish(toEvent(update)).then((id) => {
      this.#parts.subscriptions?.published(id);
      this.#parts.figures.published();
      const milliseconds = clock.now() - since;
      callHook("onPublished", () => onPublished({ topics, isPrivate, milliseconds }));
      return update.id ?? id;
    });
  }
}
