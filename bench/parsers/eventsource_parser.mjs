// eventsource-parser, as its own documentation shows it: `feed`, and its TransformStream after a TextDecoderStream.
import { createParser } from "eventsource-parser";
import { EventSourceParserStream } from "eventsource-parser/stream";

export function parseText(chunks, onEvent) {
  const parser = createParser({ onEvent });
  for (const chunk of chunks) parser.feed(chunk);
}

export const parseStream = (stream) =>
  stream.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
