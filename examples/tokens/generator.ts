/** Stands in for a language model: the same question always gets the same answer, piece by piece. */

import { type Language, phrases } from "./sentences.ts";

/** What the generator says to a question: the sentences that fit it first, the others in an order that it decides. */
export function compose(question: string, language: Language): string {
  const { opening, sentences, space } = phrases[language];
  const order = (text: string) => hash(question + text);
  const fits = (about: RegExp) => about.test(question) ? 0 : 1;
  const sorted = [...sentences].sort((a, b) =>
    fits(a.about) - fits(b.about) || order(a.text) - order(b.text)
  );
  const texts = sorted.map(({ text }) => text);
  return [opening, texts.slice(0, 5).join(space), texts.slice(5).join(space)].join("\n\n");
}

/** The text in pieces, about as large as a model's tokens. Joined they are the text. */
export function tokens(text: string): string[] {
  return text.match(/ ?[a-z\d’'-]{1,5}|\n+|[^]{1,2}?/giu) ?? [];
}

/**
 * Generates the answer, a piece at a time.
 *
 * @param pace Milliseconds for each piece.
 * @param signal Ends it, at once.
 */
export async function* generate(
  question: string,
  { language, pace, signal }: { language: Language; pace: number; signal: AbortSignal },
): AsyncGenerator<string, void> {
  for (const token of tokens(compose(question, language))) {
    await pause(pace, signal);
    if (signal.aborted) return;
    yield token;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}

/** FNV-1a: mixes well enough to shuffle sentences. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash >>> 0;
}
