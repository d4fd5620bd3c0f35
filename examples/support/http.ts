/** Answers, refuses and reads requests, as several examples need it. */

/** A plain answer. */
export function plain(status: number, text: string): Response {
  return new Response(`${text}\n`, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** What a refusal says beside its sentence. */
export interface RefusalDetails {
  /** A word for programs, such as the page. */
  readonly code?: string;
  /** The parameter of the query that is at fault. */
  readonly parameter?: string;
  readonly headers?: Record<string, string>;
}

/**
 * A request is refused: a handler throws this, and the router answers with the status and the JSON
 * `{ "error": { "code", "parameter", "message" } }`.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly #details: RefusalDetails;

  /** @param message A sentence for people: what is wrong, and what to do. */
  constructor(status: number, message: string, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.#details = details;
  }

  toResponse(): Response {
    const { code, parameter, headers } = this.#details;
    return Response.json({ error: { code, parameter, message: this.message } }, {
      status: this.status,
      headers: {
        "cache-control": "no-store",
        // A client that goes on sending although it has been told of a limit is not listened to for ever.
        ...(this.status === 413 ? { connection: "close" } : {}),
        ...headers,
      },
    });
  }
}

/** The body as text. Stops reading once it is too long, whatever the request said of its length. */
export async function readText(request: Request, most: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > most) throw new Refusal(413, `Send at most ${most} bytes`);
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    throw error instanceof TypeError ? new Refusal(400, "Send text in UTF-8") : error;
  }
}
