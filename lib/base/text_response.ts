/**
 * Makes responses whose text is known: an adapter that writes to a socket need not read it out of a stream again.
 *
 * @module
 */

const texts = new WeakMap<Response, string>();

/** A response with a text for its body, as `new Response()` makes it. */
export function textResponse(text: string, init: ResponseInit): Response {
  const response = new Response(text, init);
  texts.set(response, text);
  return response;
}

/** The whole body of a response that was made here, if nobody has read it. */
export function textOf(response: Response): string | undefined {
  return response.bodyUsed ? undefined : texts.get(response);
}
