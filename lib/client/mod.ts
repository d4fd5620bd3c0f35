export {
  createParser,
  type Parser,
  type ParserOptions,
  type ServerComment,
  type ServerEvent,
} from "./parse.ts";
export { type EventSourceBody, type ParseOptions, parseSSE } from "./read.ts";
