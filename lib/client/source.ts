/**
 * Makes the items of a stream: one connection after the other, with all the reconnecting. The HTML standard, sections
 * 9.2.2 "The EventSource interface" to 9.2.4 "The Last-Event-ID header", with what it leaves to the client.
 *
 * @module
 */
import { LONGEST_TIMER, systemClock } from "../base/clock.ts";
import { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { WireItem } from "./items.ts";
import { checkNames, requirePositive } from "./options.ts";
import { END_ID, openReading, type Reading } from "./read.ts";
import type { StateDetail, StreamState } from "./stream.ts";

/**
 * Makes the items of a stream. It resolves when the stream has come to its end, and rejects when that is an error.
 *
 * @param lastEventId where to go on from.
 * @param closing is aborted when the stream closes: the source lets go of all it has, and what it waits for ends.
 * @param setState tells the application, not before the turn after the start. It may close the stream upon it.
 * @param hand hands an item to the application, and gives a promise if that is not done at once. It never rejects.
 */
export type Source = (
  lastEventId: string,
  closing: AbortSignal,
  setState: (state: StreamState, detail: StateDetail) => void,
  hand: (item: WireItem) => Promise<void> | void,
) => Promise<void>;

/** Checks the options, which may have `more` than connect() knows, and returns what makes the items. */
export function createSource(
  url: string | URL,
  options: ConnectOptions,
  more = "",
): Source {
  const names =
    "method headers body credentials signal fetch lastEventId stallTimeout retry shouldRetry maxEventSize " +
    "comments schemas clock";
  checkNames(options, names + more);
  checkNames(options.retry || {}, "base max attempts nonGet");
  const { fetch: send = fetch, clock = systemClock } = options;
  const { attempts = Infinity, base = 1000, max = 30_000, nonGet } = options.retry || {};
  // Only a page has a location.
  if (!globalThis.location && !/^[\w+.-]+:/.test(`${url}`)) {
    throw new TypeError(`"${url}" needs a page to be relative to`);
  }
  // It throws for what fetch() would not take, and names it.
  const checked = new Request(url, { method: options.method as string });
  const retries = options.retry !== false && (nonGet || checked.method === "GET") ? attempts : 0;
  const { stallTimeout = retries ? 45_000 : Infinity, maxEventSize = 1 } = options;
  requirePositive({
    stallTimeout,
    // The parser, which has a default for it, checks it only when there is a response.
    maxEventSize,
    "retry.base": base,
    "retry.max": max,
    "retry.attempts": attempts,
  });
  if (typeof send !== "function") throw new TypeError(`fetch must be a function, received ${send}`);

  const request = async (idText: string, signal: AbortSignal): Promise<Response> => {
    const headers = {
      accept: "text/event-stream",
      // Bun's and Deno's fetch() pays no heed to `cache`. In a page it is not needed, and would have a browser ask first.
      ...globalThis.location ? {} : { "cache-control": "no-cache" },
      ...Object.fromEntries(new Headers(await ask(options.headers))),
      ...idText && { "last-event-id": idText },
    };
    return send(checked.url, {
      method: options.method,
      credentials: options.credentials,
      // For a body that is a stream.
      duplex: "half",
      headers: new Headers(headers),
      body: await ask(options.body),
      cache: "no-store",
      signal,
    } as RequestInit);
  };

  return async (lastEventId, closing, setState, hand) => {
    // The one timer: the watchdog's, and then that of the wait.
    let timer: unknown;
    // Ends what is under way: a request and its response, or the wait for the next attempt.
    let stop: (() => void) | undefined;
    // When the random part of the present wait begins.
    let earliest = Infinity;
    let hastenedAt = -Infinity;
    // Milliseconds that the server wants between two connections; they hold from one connection to the next.
    let serverDelay = 0;
    // When the present connection was opened, Infinity if it was not.
    let openedAt = Infinity;
    // The present request's.
    let control!: AbortController;
    // An id that cannot be sent; what came after it will be missing.
    let lostId: string | undefined;
    // Since when the server is waited for. While it is not, the silence is our own.
    let silentSince: number;

    const finish = (): void => {
      clock.clearTimeout(timer);
      stop?.();
    };
    const setTimer = (milliseconds: number, then = finish): void => {
      // A longer one would fire at once: it is none.
      if (milliseconds > LONGEST_TIMER) return;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(then, milliseconds);
    };
    // A timer for each read would cost more than the read: this one looks again when it may be due.
    const watch = (): void => {
      const left = silentSince + stallTimeout - clock.now();
      if (left > 0) setTimer(Math.min(left, stallTimeout), watch);
      else finish();
    };
    // The random part is not waited for when the network is back or the page is seen again. That may be just before
    // the connection is found to be lost: one that was cut while the page was put away fails only once it is back.
    const hasten = (): void => {
      if (globalThis.document?.hidden) return;
      hastenedAt = clock.now();
      setTimer(earliest - hastenedAt);
    };

    /** Connects once, and hands out all that comes until the connection ends, and returns why. */
    const connectOnce = async (attempt: number): Promise<TidingsError> => {
      // Each request is aborted when it is over, whatever the reason.
      control = new AbortController();
      let response: Response | undefined;
      let reading: Reading | undefined;
      openedAt = Infinity;
      // A promise costs more than an event: there is one only if the application is busy, and what comes then waits for its turn.
      let busy: Promise<void> | undefined;
      const take = (item: WireItem): void => {
        ({ lastEventId } = item);
        busy = busy?.then(() => hand(item)) ?? hand(item) as typeof busy;
      };
      let cause: unknown;
      let how = "failed";
      try {
        // Later than now, so that the first change of state finds its listener.
        await null;
        let idText = toHeaderText(lastEventId);
        if (/^[\t ]|[^\t -~\x80-\xff]|[\t ]$/.test(idText)) {
          lostId = lastEventId;
          lastEventId = idText = "";
        }
        setState("connecting", { attempt });
        closing.throwIfAborted();
        silentSince = clock.now();
        watch();
        // A fetch, or a function that it waits for, may take no notice of the signal.
        response = await new Promise<Response>((resolve, reject) => {
          stop = () => {
            control.abort();
            reading?.cancel();
            reject();
          };
          request(idText, control.signal).then(resolve, reject);
        });
        reading = openReading(response, {
          comments: options.comments,
          maxEventSize: options.maxEventSize,
          lastEventId,
          onRetry: (milliseconds) => serverDelay = Math.max(500, milliseconds),
          onRead(id) {
            if (id !== lastEventId) hand({ lastEventId: lastEventId = id });
            silentSince = clock.now();
          },
        }, take);
        openedAt = clock.now();
        setState("open", { response });
        if (lostId) {
          const data = JSON.stringify({ requested: lostId, reason: "fits no header" });
          take({ kind: "event", event: "gap", data, lastEventId });
          lostId = undefined;
        }
        do {
          silentSince = Infinity;
          busy &&= await busy as undefined;
        } while (reading.feed(await reading.read()));
        how = "ended";
      } catch (thrown) {
        cause = thrown;
      }
      if (control.signal.aborted) how = "stalled";
      const error = cause instanceof TidingsError ? cause : new TidingsError(
        `connection-${how}` as TidingsErrorCode,
        `Connection ${how}`,
        { cause, response },
      );
      // Cancelling a body does not close the connection in Firefox. But the body of a refusal, which nobody has begun
      // to read, must outlive the stream for whoever gets the error.
      if (!reading) stop = undefined;
      finish();
      return error;
    };

    closing.onabort = finish;
    for (const type of ["online", "visibilitychange"]) {
      // Outside of browsers there is none. The second event comes from the document, and bubbles.
      globalThis.addEventListener?.(type, hasten, { signal: closing });
    }

    for (let attempt = 0;;) {
      const error = await connectOnce(attempt);
      if (closing.aborted || lastEventId === END_ID || (!retries && error.code === "connection-ended")) {
        return;
      }
      if (clock.now() - openedAt >= max) attempt = 0;
      const retry = isTransient(error);
      if (attempt >= retries || !(await options.shouldRetry?.(error, { attempt, retry }) ?? retry)) {
        throw error;
      }
      if (closing.aborted) return;
      // Nobody will read what came with a refusal.
      control.abort();

      const now = clock.now();
      const least = Math.max(serverDelay, retryAfter(error.response, now));
      // Full jitter: a random part, which doubles with each failure. It is left out right after a hastening.
      const random = clock.random() * Math.min(max, (serverDelay || base) * 2 ** attempt);
      // A wait without a timer would never end, and would not keep a process alive.
      const delay = Math.min(LONGEST_TIMER, least + (now - hastenedAt < 1000 ? 0 : random));
      earliest = now + least;
      const waited = new Promise<void>((resolve) => stop = resolve);
      setTimer(delay);
      setState("waiting", { attempt: ++attempt, delay, error });
      await waited;
      earliest = Infinity;
      hastenedAt = -Infinity;
    }
  };
}

/** An option's value, or what it gives when it is asked. */
function ask<T>(option: T | (() => T | Promise<T>)): T | Promise<T> {
  return typeof option === "function" ? (option as () => T)() : option;
}

/** A header's value has one character for each byte of the text's UTF-8. */
function toHeaderText(text: string): string {
  let header = "";
  for (const byte of new TextEncoder().encode(text)) header += String.fromCharCode(byte);
  return header;
}

/** Whether a later attempt may succeed: after a connection that broke, stalled or ended, and after some statuses. */
function isTransient({ code, response }: TidingsError): boolean {
  if (code !== "bad-status") return code.startsWith("connection-");
  const { status } = response!;
  // Time-out, too early, too many requests, and what is the server's own fault.
  return status >= 500 || [408, 425, 429].includes(status);
}

/** Milliseconds that `Retry-After` asks for: it has seconds, or a date (RFC 9110, section 10.2.3). */
function retryAfter(response: Response | undefined, now: number): number {
  const value = response?.headers.get("retry-after") ?? "";
  return Number(value) * 1000 || Date.parse(value) - now || 0;
}
