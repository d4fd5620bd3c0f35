// tidings' own parser: fed with text, and as an async iterable over bytes.
const { createParser, parseSSE } = await import(
  globalThis.process.env.TP ?? "../.out/tidings/lib/client/mod.js"
);

export function parseText(chunks, onEvent) {
  const parser = createParser({ onEvent, maxEventSize: Infinity });
  for (const chunk of chunks) parser.feed(chunk);
}

export const parseStream = (stream) => parseSSE(stream, { maxEventSize: Infinity });
