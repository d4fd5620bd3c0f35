/**
 * Makes what the parsers read: the chunks of one pass, as text.
 */
const CHUNK = 16 * 1024;

/** Cuts a text into chunks of a socket's size, wherever that falls. */
function cut(text) {
  const chunks = [];
  for (let at = 0; at < text.length; at += CHUNK) chunks.push(text.slice(at, at + CHUNK));
  return chunks;
}

const WORDS = [
  "Hello",
  ",",
  " how",
  " are",
  " you",
  "?",
  " This",
  " is",
  " a",
  " token",
  " of",
  " text",
  ".",
];

/** What a language model's API sends, one piece of the answer an event. */
const token = (n) => {
  const choice = {
    index: 0,
    delta: { content: WORDS[n % WORDS.length] },
    logprobs: null,
    finish_reason: null,
  };
  const base = {
    id: "chatcmpl-9aBcDeFgHiJkLmNoPqRsTuVwXyZ",
    object: "chat.completion.chunk",
    created: 1_770_000_000,
  };
  return JSON.stringify({
    ...base,
    model: "a-model",
    system_fingerprint: "fp_44709d6fcb",
    choices: [choice],
  });
};

const events = (count, make) => Array.from({ length: count }, (_, n) => make(n));

export const WORKLOADS = {
  small: () => cut(events(200_000, (n) => `data: event ${n}\n\n`).join("")),
  named: () => cut(events(200_000, (n) => `id: ${n}\nevent: price\ndata: event ${n}\n\n`).join("")),
  llm: () => events(50_000, (n) => `data: ${token(n)}\n\n`),
  large: () => cut(`data: ${"0123456789abcdef".repeat(655_360)}\n\n`),
};
