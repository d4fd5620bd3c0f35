// Writes the tokens of a stream as frames of Server-Sent Events, and checks what a reader has received of them.
const TOKEN = /^data: \{"type":"text-delta","id":"s(\d+)","delta":" t(\d+)"\}$/;

/** One token, of the size that the AI SDK's chunks have. */
export const frameOf = (stream, token) =>
  `data: {"type":"text-delta","id":"s${stream}","delta":" t${`${token}`.padStart(6, "0")}"}\n\n`;

/** The end of the text of whoever has this token, with nothing after it. */
export const isLast = (text, stream, token) => text.endsWith(frameOf(stream, token));

/**
 * What one reader received: how many tokens, and what is wrong with them, if anything. They have to be those of the stream,
 * from the first on, each once and in order. What is no token, such as an end, is left out of the count.
 *
 * @param {number} [expected] how many there have to be
 * @returns {{ tokens: number, fault: string | undefined }}
 */
export function check(text, stream, expected) {
  let tokens = 0;
  let fault;
  for (const frame of text.split("\n\n")) {
    const data = frame.slice(frame.indexOf("data: "));
    const found = TOKEN.exec(data);
    if (found === null) continue;
    const [of, token] = found.slice(1).map(Number);
    if (of !== stream) fault ??= `a token of stream ${of} came to a reader of ${stream}`;
    else if (token !== tokens) fault ??= `token ${token} of stream ${stream} came where ${tokens} was due`;
    tokens++;
  }
  if (expected !== undefined && tokens !== expected) {
    fault ??= `${tokens} of ${expected} tokens of stream ${stream} came`;
  }
  return { tokens, fault };
}
