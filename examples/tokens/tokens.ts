/** Keeps answers by their ids: a POST asks for one, an event stream reads it, a DELETE stops it. */

import { randomBytes } from "node:crypto";
import { createSSEResponse } from "tidings";
import { readText, Refusal } from "../support/http.ts";
import type { SystemParts } from "../support/system.ts";
import { Answer } from "./answer.ts";
import { generate } from "./generator.ts";
import { type Language, languages } from "./sentences.ts";

const ANSWERS = "/tokens/answers";
/** UTF-16 code units of a question. */
const LONGEST = 2_000;

export interface TokensOptions {
  /** Milliseconds for each token. Default: 40. */
  readonly pace?: number;
  /** Milliseconds after which an answer that nobody reads is stopped. Default: 30 s. */
  readonly patience?: number;
  /** Answers that may grow at once. Default: 100. */
  readonly growing?: number;
  /** Answers that are kept after their end. Default: 200. */
  readonly kept?: number;
}

/** The system's routes, and what ends it. */
export function createTokens(options: TokensOptions = {}): SystemParts {
  const { pace = 40, patience = 30_000, growing: mostGrowing = 100, kept = 200 } = options;
  const answers = new Map<string, Answer>();
  const closing = new AbortController();
  let growing = 0;
  let given = 0;

  async function ask(request: Request): Promise<Response> {
    const { question, language } = readQuestion(await readText(request, 4 * LONGEST));
    if (growing >= mostGrowing) throw new Refusal(503, "Too many answers at once: try again later");
    const id = randomBytes(16).toString("hex");
    const start = performance.now();
    const answer = new Answer({
      question,
      patience,
      generate: (signal) => generate(question, { language, pace, signal }),
      onEnd({ tokens, outcome }) {
        growing--;
        given++;
        const seconds = ((performance.now() - start) / 1000).toFixed(1);
        console.log(`tokens: an answer ended after ${tokens.length} tokens and ${seconds} s (${outcome})`);
      },
    });
    growing++;
    answers.set(id, answer);
    for (const [oldest, { outcome }] of answers) {
      if (answers.size <= kept) break;
      if (outcome !== undefined) answers.delete(oldest);
    }
    return Response.json({ id }, { status: 201, headers: { location: `${ANSWERS}/${id}` } });
  }

  function find(request: Request): Answer {
    const answer = answers.get(new URL(request.url).pathname.slice(ANSWERS.length + 1));
    if (answer === undefined) throw new Refusal(404, "There is no such answer, or no longer: ask again");
    return answer;
  }

  function read(request: Request): Response {
    const answer = find(request);
    const last = request.headers.get("last-event-id");
    if (last !== null && !(/^\d{1,9}$/.test(last) && Number(last) <= answer.lastId)) {
      throw new Refusal(
        400,
        "Last-Event-ID is none of this answer's: leave it out to read from the beginning",
      );
    }
    // Whoever has had the end is told not to come back: an EventSource would come for ever.
    if (answer.outcome !== undefined && Number(last) === answer.lastId) {
      return new Response(null, { status: 204 });
    }
    const after = last === null ? -1 : Number(last);
    return createSSEResponse(request, ({ signal }) => answer.read(after, signal), {
      retry: 1_000,
      signal: closing.signal,
      // The ids are the answer's own, and say as well as any that a client has had the end.
      final: false,
    });
  }

  function stop(request: Request): Response {
    const answer = find(request);
    answer.stop();
    return Response.json({ outcome: answer.outcome, tokens: answer.tokens.length });
  }

  return {
    routes: {
      [`POST ${ANSWERS}`]: ask,
      [`GET ${ANSWERS}/*`]: read,
      [`DELETE ${ANSWERS}/*`]: stop,
    },
    figure: () => given,
    close() {
      closing.abort();
      for (const answer of answers.values()) answer.stop();
    },
  };
}

function readQuestion(json: string): { question: string; language: Language } {
  let body: unknown;
  try {
    body = JSON.parse(json);
  } catch {
    throw new Refusal(400, 'Send JSON: { "question": "…" }');
  }
  const { question, language = "en" } = (body ?? {}) as Record<string, unknown>;
  if (typeof question !== "string" || question.trim() === "" || question.length > LONGEST) {
    throw new Refusal(400, `"question" must be a text of 1 to ${LONGEST} characters`);
  }
  if (!languages.includes(language as Language)) {
    throw new Refusal(400, `"language" must be one of ${languages.join(", ")}`);
  }
  return { question, language: language as Language };
}
