// Parses with tidings' own parser: fed with text, and as an async iterable over bytes.
import { createParser, parseSSE } from "../.out/tidings/lib/client/mod.js";

// The largest workload is over the default, and the other parser has no limit by default.
const maxEventSize = Infinity;

export function parseText(chunks, onEvent) {
  const parser = createParser({ onEvent, maxEventSize });
  for (const chunk of chunks) parser.feed(chunk);
}

export const parseStream = (stream) => parseSSE(stream, { maxEventSize });
