/** Stands in for a language model, by the mock of the AI SDK: it says a text word by word, until its call is aborted. */

import { setTimeout as pause } from "node:timers/promises";
import { MockLanguageModelV3 } from "ai/test";

/** What the model says of itself, whatever it is asked. */
export const TEXT: string =
  "This answer belongs to no connection. Reload in the middle of it, or ask for it on another device: " +
  "each word comes once, and none is missing. Stop it from wherever you are, and the call of the model is aborted.";

export interface SpokenText {
  readonly text?: string;
  /** Milliseconds for each word, or what is awaited before the word with this number, from 0 on. */
  readonly pace: number | ((word: number, signal: AbortSignal) => Promise<unknown>);
  /** Told when a call of the model begins, with its signal. */
  readonly onCall?: (signal: AbortSignal) => void;
}

/** A model that needs no key. */
export function speaker({ text = TEXT, pace, onCall }: SpokenText): MockLanguageModelV3 {
  return new MockLanguageModelV3({
    doStream: ({ abortSignal = new AbortController().signal }) => {
      onCall?.(abortSignal);
      const parts = partsOf(text, pace, abortSignal);
      const stream = new ReadableStream<Part>({
        async pull(controller) {
          const { done, value } = await parts.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
      });
      return Promise.resolve({ stream });
    },
  });
}

type Stream = Awaited<ReturnType<MockLanguageModelV3["doStream"]>>["stream"];
type Part = Stream extends ReadableStream<infer Each> ? Each : never;

async function* partsOf(
  text: string,
  pace: SpokenText["pace"],
  signal: AbortSignal,
): AsyncGenerator<Part, void> {
  const words = text.match(/\S+\s*/g) ?? [];
  yield { type: "stream-start", warnings: [] };
  yield { type: "text-start", id: "text" };
  for (const [word, delta] of words.entries()) {
    await (typeof pace === "number" ? pause(pace, undefined, { signal }) : pace(word, signal));
    yield { type: "text-delta", id: "text", delta };
  }
  yield { type: "text-end", id: "text" };
  yield {
    type: "finish",
    finishReason: { unified: "stop", raw: undefined },
    usage: {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: words.length, text: words.length, reasoning: undefined },
    },
  };
}
