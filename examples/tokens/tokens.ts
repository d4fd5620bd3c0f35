/** Gives answers: a POST asks for one, an event stream reads it, from any device and any process, and a DELETE stops it. */

import { randomBytes } from "node:crypto";
import type { ServerSentEvent } from "tidings";
import { ResumableStreams, type StreamEnd, type StreamStore } from "tidings/resumable";
import { readText, Refusal } from "../support/http.ts";
import type { SystemParts } from "../support/system.ts";
import { idOf, unknownWork, workRoutes } from "../support/work.ts";
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
  /** Where the answers are kept. Default: in memory. */
  readonly store?: StreamStore;
}

/** The system's routes, and what ends it. */
export function createTokens(options: TokensOptions = {}): SystemParts {
  const { pace = 40, patience = 30_000, growing = 100, store } = options;
  const answers = new ResumableStreams({ store, patience, limits: { running: growing } });
  let given = 0;

  async function ask(request: Request): Promise<Response> {
    const { question, language } = readQuestion(await readText(request, 4 * LONGEST));
    const id = randomBytes(16).toString("hex");
    const { done } = await answers.start(
      id,
      ({ signal }) => events(question, generate(question, { language, pace, signal })),
    );
    void log(done).then(() => given++);
    return Response.json({ id }, { status: 201, headers: { location: `${ANSWERS}/${id}` } });
  }

  function read(request: Request): Promise<Response> {
    // Once all that had been made before was read, `live` says so.
    return answers.subscribe(request, idOf(request), {
      retry: 1_000,
      live: "live",
      unknown: () => unknownWork().toResponse(),
    });
  }

  async function stop(request: Request): Promise<Response> {
    const answer = await answers.stop(idOf(request));
    if (answer === undefined) throw unknownWork();
    return Response.json({ state: answer.state, tokens: tokensIn(answer) });
  }

  return {
    routes: workRoutes({
      [`POST ${ANSWERS}`]: ask,
      [`GET ${ANSWERS}/*`]: read,
      [`DELETE ${ANSWERS}/*`]: stop,
    }),
    figure: () => given,
    close: () => answers.close(),
  };
}

/** The answer as events: the question first, then each token with its number, by which a page counts what it got. */
async function* events(
  question: string,
  tokens: AsyncIterable<string>,
): AsyncGenerator<ServerSentEvent, void> {
  yield { event: "question", data: { question } };
  let number = 0;
  for await (const text of tokens) yield { event: "token", data: { number: ++number, text } };
}

/** How many of a stream's events are tokens: all but the question. */
const tokensIn = ({ events }: { readonly events: number }) => Math.max(0, events - 1);

async function log(done: Promise<StreamEnd>): Promise<void> {
  const start = performance.now();
  const end = await done;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`tokens: an answer ended after ${tokensIn(end)} tokens and ${seconds} s (${end.state})`);
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
