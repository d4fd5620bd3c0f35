// Parses with eventsource-parser, as its documentation shows it: `feed`, or its TransformStream after a decoder.
import { createParser } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";

export function parseText(chunks, onEvent) {
  const parser = createParser({ onEvent });
  for (const chunk of chunks) parser.feed(chunk);
}

export const parseStream = (stream) =>
  stream.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
