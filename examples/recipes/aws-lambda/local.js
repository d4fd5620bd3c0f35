// Runs the handler on this machine, with what Lambda gives it: `awslambda`, and the event of a function URL.
import { createServer } from "node:http";

globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: {
    from(output, { statusCode, headers }) {
      output.writeHead(statusCode, headers);
      output.flushHeaders();
      return output;
    },
  },
};

const { handler } = await import("./handler.js");

createServer((request, response) => {
  const { pathname, search } = new URL(request.url, "http://localhost");
  const event = {
    version: "2.0",
    rawPath: pathname,
    rawQueryString: search.slice(1),
    headers: request.headers,
    requestContext: { http: { method: request.method, path: pathname } },
    isBase64Encoded: false,
  };
  handler(event, response, {}).catch((error) => {
    if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") console.error(error);
  });
}).listen(process.env.PORT ?? 3000);
