// Answers a function URL word by word; its invoke mode has to be RESPONSE_STREAM.
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { createSSEResponse } from "tidings";

async function* answer({ signal }) { // a language model, for example
  for (const word of ["One", "word", "after", "the", "other."]) {
    await sleep(300, undefined, { signal });
    yield { event: "word", data: word };
  }
}

export const handler = awslambda.streamifyResponse(async (event, output) => {
  const { rawPath, rawQueryString, headers, requestContext: { http: { method } } } = event;
  const request = new Request(`https://${headers.host}${rawPath}?${rawQueryString}`, { method, headers });
  const response = createSSEResponse(request, answer, {
    onClose: ({ reason }) => console.log(`The stream is over: ${reason}`),
  });
  const stream = awslambda.HttpResponseStream.from(output, {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
  });
  await pipeline(response.body, stream);
});
