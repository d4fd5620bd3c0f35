/** Gives the answers of a chat of the AI SDK: each is resumed and stopped on any device, over any process. */

import { convertToModelMessages, type LanguageModel, streamText, type UIMessage } from "ai";
import { ResumableStreams, type StreamStore } from "tidings/resumable";
import { readText, Refusal } from "../support/http.ts";
import type { Routes } from "../support/router.ts";
import { workRoutes } from "../support/work.ts";

const CHATS = "/api/chat";
/** Bytes of a chat with all its messages. */
const LONGEST = 1 << 20;

export interface ChatOptions {
  readonly model: LanguageModel;
  /** Where the answers are kept. Default: in memory. */
  readonly store?: StreamStore;
  /** Milliseconds after which an answer that nobody reads is stopped. Default: 30 s. */
  readonly patience?: number;
  /** Answers the first client by the AI SDK's own response, and keeps a copy. Default: `false`. */
  readonly copied?: boolean;
}

/** The routes that `DefaultChatTransport` calls, one that stops an answer, and what ends them. */
export function createChat(options: ChatOptions): { routes: Routes; close(): Promise<void> } {
  const { model, store, patience, copied = false } = options;
  const answers = new ResumableStreams({
    store,
    // In a copied answer the first client reads at the model, and is no reader that could be counted.
    patience: copied ? Infinity : patience,
    // To the AI SDK the end of a connection is the end of an answer, unless it is told otherwise in its own words.
    end({ state }) {
      if (state === "complete") return undefined;
      if (state === "stopped") return { data: { type: "abort" } };
      return { data: { type: "error", errorText: `The answer has ended early: ${state}` } };
    },
  });

  /** The answer is a stream of its own, and the first client reads it like all others. */
  async function answer(request: Request): Promise<Response> {
    const { id, messages } = await readChat(request);
    await answers.start(id, async ({ signal }) => {
      const result = streamText({
        model,
        messages: await convertToModelMessages(messages),
        abortSignal: signal,
      });
      return result.toUIMessageStreamResponse();
    });
    return read(request, id);
  }

  /** The same by `consumeSseStream`, for a route that is to answer with the AI SDK's own response. */
  async function answerCopied(request: Request): Promise<Response> {
    const { id, messages } = await readChat(request);
    // Not the request's signal: the answer goes on without the first client.
    const ending = new AbortController();
    const result = streamText({
      model,
      messages: await convertToModelMessages(messages),
      abortSignal: ending.signal,
    });
    return result.toUIMessageStreamResponse({
      consumeSseStream: ({ stream }) =>
        answers.start(id, ({ signal }) => {
          signal.addEventListener("abort", () => ending.abort());
          return stream;
        }).then(() => {}, (error) => ending.abort(error)), // nobody waits for this, so nobody would catch it
    });
  }

  function read(request: Request, id: string): Promise<Response> {
    return answers.subscribe(request, id, {
      headers: { "x-vercel-ai-ui-message-stream": "v1" },
      lastEventId: "",
      unknown: nothing,
    });
  }

  /** 204 where nothing is running: what is complete is among the chat's messages, which are kept elsewhere. */
  async function resume(request: Request): Promise<Response> {
    const id = idOf(request, "/stream");
    const status = await answers.status(id);
    return status?.state === "running" ? read(request, id) : nothing();
  }

  async function stop(request: Request): Promise<Response> {
    await answers.stop(idOf(request));
    return nothing();
  }

  return {
    routes: workRoutes({
      [`POST ${CHATS}`]: copied ? answerCopied : answer,
      [`GET ${CHATS}/*`]: resume,
      [`DELETE ${CHATS}/*`]: stop,
    }),
    close: () => answers.close(),
  };
}

const nothing = () => new Response(null, { status: 204 });

/** The chat's id in `/api/chat/<id><after>`. */
function idOf(request: Request, after = ""): string {
  const { pathname } = new URL(request.url);
  if (!pathname.endsWith(after)) throw new Refusal(404, `Nothing here: see ${CHATS}/<id>${after}`);
  return checkedId(decodeURIComponent(pathname.slice(CHATS.length + 1, pathname.length - after.length)));
}

function checkedId(id: unknown): string {
  if (typeof id === "string" && /^[\w-]{1,100}$/.test(id)) return id;
  throw new Refusal(400, "A chat's id is 1 to 100 letters, digits, hyphens and underscores");
}

async function readChat(request: Request): Promise<{ id: string; messages: UIMessage[] }> {
  const body = await readText(request, LONGEST);
  try {
    const { id, messages } = JSON.parse(body);
    return { id: checkedId(id), messages };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, "Send what DefaultChatTransport sends");
  }
}
