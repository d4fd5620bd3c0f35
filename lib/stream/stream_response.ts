/**
 * The response of a stream whose adapter may not need a body: none is made unless somebody asks for it.
 *
 * @module
 */

/** A stream that has a body as soon as it is asked for it. */
export interface Bodied {
  readonly body: ReadableStream<Uint8Array>;
}

/** In all that can be seen it is `new Response(stream.body, init)`. */
export class StreamResponse extends Response {
  readonly #stream: Bodied;
  #whole: Response | undefined;

  constructor(stream: Bodied, init: ResponseInit) {
    super(null, init);
    this.#stream = stream;
  }

  /** The stream of such a response; of any other `undefined`. */
  static streamOf(response: Response): Bodied | undefined {
    return response instanceof StreamResponse ? response.#stream : undefined;
  }

  /** The response that has the body. */
  static whole(response: StreamResponse): Response {
    return response.#whole ??= new Response(response.#stream.body, response);
  }

  override get body(): Response["body"] {
    return StreamResponse.whole(this).body;
  }

  override get bodyUsed(): boolean {
    return this.#whole?.bodyUsed ?? false;
  }

  /** With the headers as they are now. */
  override clone(): Response {
    return new Response(StreamResponse.whole(this).clone().body, this);
  }
}

// As far as the runtime has them: Node 18 and 20 have no `bytes`.
for (const name of ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const) {
  if (name in Response.prototype) {
    Object.defineProperty(StreamResponse.prototype, name, {
      ...{ configurable: true, writable: true },
      value(this: StreamResponse) {
        return StreamResponse.whole(this)[name]();
      },
    });
  }
}
