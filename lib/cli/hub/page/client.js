// Built by `npm run pages`: do not edit. It is made of lib/cli/hub/page/client.ts.

// lib/base/errors.ts
var TidingsError = class extends Error {
  /** Creates an error with a code, a message that says what to do next, and the cause and response if there is one. */
  constructor(code, message, options) {
    super(message, options);
    this.name = "TidingsError";
    this.code = code;
    this.response = options?.response;
  }
};
function report(what, error) {
  console.error(`tidings: ${what}:`, error);
}

// lib/client/decode.ts
async function decode(item, schemas) {
  const { event, data } = item;
  const schema = schemas?.[event]?.["~standard"];
  if (!schema && event !== "gap") return schemas && event ? { ...item, kind: "other" } : item;
  let json = data;
  try {
    json = JSON.parse(data);
  } catch {
  }
  if (event === "gap") return { ...json !== data && json, ...item, kind: "gap" };
  let refusal;
  for (const each of [json, data]) {
    try {
      const result = await schema.validate(each);
      if (!result.issues) return { ...item, data: result.value };
      refusal ??= result.issues;
    } catch (error) {
      refusal ??= [error];
    }
  }
  return { ...item, kind: "invalid", issues: refusal };
}

// lib/client/consume.ts
var DONE = { done: true, value: void 0 };
function createStream(source, options) {
  let lastEventId = `${options.lastEventId ?? ""}`;
  let state = "connecting";
  let settle;
  let proceed;
  let handlers;
  let loops;
  const control = new AbortController();
  const closed = new Promise((resolve) => settle = resolve);
  const fail = (error) => setState("closed", { error });
  const close = () => setState("closed", { reason: "close" });
  const setState = (next, detail) => {
    if (state === "closed") return;
    state = next;
    try {
      stream.onstate?.(next, detail);
    } catch (error) {
      fail(error);
      detail = { error };
    }
    if (next !== "closed") return;
    control.abort();
    settle(detail.reason ?? Promise.reject(detail.error));
  };
  const hand = (wired) => {
    if (state === "closed") return;
    const { kind, event } = wired;
    if (!kind) return give(wired, []);
    if (!handlers || loops?.some((asking) => !asking[0])) {
      return new Promise(
        (resolve) => proceed = () => {
          proceed = void 0;
          resolve(hand(wired));
        }
      );
    }
    if (!options.schemas && event !== "gap") return give(wired, handlers);
    return decode(wired, options.schemas).then((item) => {
      if (item.kind === "gap" && !handlers.some(({ name = event }) => name === event)) {
        report("no handler took this gap", wired);
      }
      return give(item, handlers);
    });
  };
  const give = (item, to, at = 0) => {
    const { event } = item;
    try {
      while (state !== "closed" && to[at]) {
        const { handler, name = event } = to[at++];
        const busy = name === event ? handler(item) : void 0;
        if (busy?.then) {
          return Promise.resolve(busy).then(() => give(item, to, at), fail);
        }
      }
    } catch (error) {
      fail(error);
    }
    if (state !== "closed") ({ lastEventId } = item);
  };
  const iterate = () => {
    const asking = [];
    const over = () => DONE;
    let end = () => {
      end = over;
      return closed.then(over);
    };
    return {
      next() {
        return new Promise((resolve) => {
          if (state === "closed") return resolve(end());
          asking.push(resolve);
          proceed?.();
          if (loops?.includes(asking)) return;
          loops = [...loops ?? [], asking];
          control.signal.addEventListener("abort", () => asking.splice(0).forEach((ask2) => ask2(end())));
          stream.on((item) => {
            ({ lastEventId } = item);
            asking.shift()({ done: false, value: item });
          });
        });
      },
      return() {
        close();
        end = over;
        return Promise.resolve(DONE);
      },
      [Symbol.asyncIterator]() {
        return this;
      }
    };
  };
  const stream = {
    closed,
    get state() {
      return state;
    },
    get lastEventId() {
      return lastEventId;
    },
    on(first, second) {
      const entry = { name: second && first, handler: second ?? first };
      handlers = [...handlers ?? [], entry];
      Promise.resolve().then(() => proceed?.());
      return () => void (handlers = handlers.filter((each) => each !== entry));
    },
    close,
    [Symbol.asyncIterator]: iterate
  };
  closed.catch(() => {
  });
  source(lastEventId, control.signal, setState, hand).then(() => setState("closed", { reason: "end" }), fail);
  options.signal?.addEventListener("abort", close, control);
  if (options.signal?.aborted) close();
  return stream;
}

// lib/base/clock.ts
var systemClock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer),
  random: () => Math.random()
};
var LONGEST_TIMER = 2 ** 31 - 1;

// lib/client/options.ts
function checkNames(options, names) {
  for (const [name, value] of Object.entries(options)) {
    if (value !== void 0 && !names.split(" ").includes(name)) {
      throw new TypeError(`Unknown option "${name}", known are ${names}`);
    }
  }
}
function requirePositive(options) {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "number" || !(value > 0)) {
      const received = typeof value === "string" ? `"${value}"` : String(value);
      throw new TypeError(`${name} must be a positive number, received ${received}`);
    }
  }
}

// lib/client/parse.ts
function createParser(options) {
  checkNames(options, "onEvent onComment onRetry lastEventId maxEventSize response");
  let { lastEventId = "", maxEventSize = 1 << 20, onEvent } = options;
  requirePositive({ maxEventSize });
  let max = maxEventSize;
  let id = lastEventId;
  let event = "";
  let data = "";
  let rest = "";
  let fed = Infinity;
  let skip = 65279;
  const sizeWith = (line) => line + data.length + event.length + id.length;
  const requireRoom = (line) => {
    if (sizeWith(line) > max) {
      max = -1;
      throw new TidingsError(
        "event-too-large",
        `Event is over maxEventSize, ${maxEventSize}: raise it`,
        options
      );
    }
  };
  return {
    get lastEventId() {
      return lastEventId;
    },
    feed(text) {
      const isTight = (fed += text.length) > max && (fed = sizeWith(rest.length + text.length)) > max;
      if (skip && text) {
        if (text.charCodeAt(0) === skip) text = text.slice(1);
        skip = 0;
      }
      if (text.indexOf("\r") >= 0) {
        if (text.endsWith("\r")) skip = 10;
        text = text.replace(/\r\n?/g, "\n");
      }
      let start = 0;
      let end = text.indexOf("\n");
      if (end >= 0 && rest) {
        end += rest.length;
        text = [rest, text].join("");
        rest = "";
      }
      for (; end >= 0; end = text.indexOf("\n", start)) {
        if (isTight) requireRoom(end - start);
        const code = text.charCodeAt(start);
        if (code === 100 && text.charCodeAt(start + 1) === 97 && text.charCodeAt(start + 2) === 116 && text.charCodeAt(start + 3) === 97 && text.charCodeAt(start + 4) === 58) {
          const value = valueAt(text, start + 5, end);
          if (!data && text.charCodeAt(end + 1) === 10) {
            onEvent({ kind: "event", event: event || "message", data: value, lastEventId: lastEventId = id });
            event = "";
            end++;
          } else data += "\n" + value;
        } else if (code === 10) {
          lastEventId = id;
          if (data) onEvent({ kind: "event", event: event || "message", data: data.slice(1), lastEventId });
          data = event = "";
        } else if (code === 105 && text.charCodeAt(start + 1) === 100 && text.charCodeAt(start + 2) === 58) {
          const value = valueAt(text, start + 3, end);
          if (value.indexOf("\0") < 0) id = value;
        } else if (text.startsWith("event:", start)) {
          event = valueAt(text, start + 6, end);
        } else if (code === 58) {
          options.onComment?.({ kind: "comment", comment: valueAt(text, start + 1, end), lastEventId });
        } else {
          const line = text.slice(start, end);
          const retry = /^retry: ?(\d+)$/.exec(line);
          if (line === "data") data += "\n";
          else if (line === "event") event = "";
          else if (line === "id") id = "";
          else if (retry) options.onRetry?.(+retry[1]);
        }
        start = end + 1;
        if (start === text.length) return;
      }
      if (isTight) requireRoom(rest.length + text.length - start);
      rest += text.slice(start);
    }
  };
}
function valueAt(text, start, end) {
  return text.slice(text.charCodeAt(start) === 32 ? start + 1 : start, end);
}

// lib/client/response.ts
function requireEventStream(response) {
  const { status } = response;
  const type = response.headers.get("content-type");
  if (status !== 200 || !/^text\/event-stream\s*(;|$)/i.test(type)) {
    throw new TidingsError(
      status === 200 ? "bad-content-type" : status === 204 ? "no-content" : "bad-status",
      `Server answered ${status}` + (status === 204 ? ", the end" : ` ${type ?? "without a type"}: send 200 text/event-stream`),
      { response }
    );
  }
}

// lib/client/read.ts
var END_ID = "tidings-end";
function openReading(source, options, onItem) {
  const { comments, onRead, ...parsing } = options;
  const response = source.headers ? source : void 0;
  if (response) requireEventStream(response);
  const parser = createParser({
    ...parsing,
    response,
    onEvent(item) {
      if (item.data || !/^tidings-(cursor|end)$/.test(item.event)) onItem(item);
    },
    onComment: comments ? onItem : void 0
  });
  const decoder = new TextDecoder(void 0, { ignoreBOM: true });
  const body = response ? response.body : source;
  let reader = body === null ? void 0 : createReader(body, response);
  const cancel = () => {
    reader?.cancel().catch(() => {
    });
    reader?.releaseLock?.();
    reader = void 0;
  };
  const reading = {
    cancel,
    read() {
      onRead?.(parser.lastEventId);
      return reader && parser.lastEventId !== END_ID ? reader.read() : { done: true };
    },
    feed({ done, value }) {
      if (done) cancel();
      try {
        if (reader) {
          parser.feed(
            typeof value === "string" ? value : decoder.decode(value, { stream: !(value[value.length - 1] < 128) })
          );
        }
      } catch (error) {
        reading.read = () => {
          throw error;
        };
      }
      return !!reader;
    }
  };
  return reading;
}
function createReader(body, response) {
  if (response?.bodyUsed || !(body?.getReader || body?.[Symbol.asyncIterator])) {
    throw new TidingsError("bad-body", "No stream, or read already: parseSSE(await fetch(url))", {
      response
    });
  }
  if (body.getReader) return body.getReader();
  const chunks = body[Symbol.asyncIterator]();
  return {
    read: () => chunks.next(),
    // The iterator of a Node stream would wait for one more chunk before it lets go.
    cancel: async () => await (body.destroy ? body.destroy() : chunks.return?.())
  };
}

// lib/client/source.ts
function createSource(url, options, more = "") {
  const names = "method headers body credentials signal fetch lastEventId stallTimeout retry shouldRetry maxEventSize comments schemas clock";
  checkNames(options, names + more);
  checkNames(options.retry || {}, "base max attempts nonGet");
  const { fetch: send = fetch, clock = systemClock } = options;
  const { attempts = Infinity, base = 1e3, max = 3e4, nonGet } = options.retry || {};
  if (!globalThis.location && !/^[\w+.-]+:/.test(`${url}`)) {
    throw new TypeError(`"${url}" needs a page to be relative to`);
  }
  const checked = new Request(url, { method: options.method });
  const retries = options.retry !== false && (nonGet || checked.method === "GET") ? attempts : 0;
  const { stallTimeout = retries ? 45e3 : Infinity, maxEventSize = 1 } = options;
  requirePositive({
    stallTimeout,
    // The parser, which has a default for it, checks it only when there is a response.
    maxEventSize,
    "retry.base": base,
    "retry.max": max,
    "retry.attempts": attempts
  });
  if (typeof send !== "function") throw new TypeError(`fetch must be a function, received ${send}`);
  const request = async (idText, signal) => {
    const headers = {
      accept: "text/event-stream",
      // Bun's and Deno's fetch() pays no heed to `cache`. In a page it is not needed, and would have a browser ask first.
      ...globalThis.location ? {} : { "cache-control": "no-cache" },
      ...Object.fromEntries(new Headers(await ask(options.headers))),
      ...idText && { "last-event-id": idText }
    };
    return send(checked.url, {
      method: options.method,
      credentials: options.credentials,
      // For a body that is a stream.
      duplex: "half",
      headers: new Headers(headers),
      body: await ask(options.body),
      cache: "no-store",
      signal
    });
  };
  return async (lastEventId, closing, setState, hand) => {
    let timer;
    let stop;
    let earliest = Infinity;
    let hastenedAt = -Infinity;
    let serverDelay = 0;
    let openedAt = Infinity;
    let control;
    let lostId;
    let silentSince;
    const finish = () => {
      clock.clearTimeout(timer);
      stop?.();
    };
    const setTimer = (milliseconds, then = finish) => {
      if (milliseconds > LONGEST_TIMER) return;
      clock.clearTimeout(timer);
      timer = clock.setTimeout(then, milliseconds);
    };
    const watch = () => {
      const left = silentSince + stallTimeout - clock.now();
      if (left > 0) setTimer(Math.min(left, stallTimeout), watch);
      else finish();
    };
    const hasten = () => {
      if (globalThis.document?.hidden) return;
      hastenedAt = clock.now();
      setTimer(earliest - hastenedAt);
    };
    const connectOnce = async (attempt) => {
      control = new AbortController();
      let response;
      let reading;
      openedAt = Infinity;
      let busy;
      const take = (item) => {
        ({ lastEventId } = item);
        busy = busy?.then(() => hand(item)) ?? hand(item);
      };
      let cause;
      let how = "failed";
      try {
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
        response = await new Promise((resolve, reject) => {
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
          }
        }, take);
        openedAt = clock.now();
        setState("open", { response });
        if (lostId) {
          const data = JSON.stringify({ requested: lostId, reason: "fits no header" });
          take({ kind: "event", event: "gap", data, lastEventId });
          lostId = void 0;
        }
        do {
          silentSince = Infinity;
          busy &&= await busy;
        } while (reading.feed(await reading.read()));
        how = "ended";
      } catch (thrown) {
        cause = thrown;
      }
      if (control.signal.aborted) how = "stalled";
      const error = cause instanceof TidingsError ? cause : new TidingsError(
        `connection-${how}`,
        `Connection ${how}`,
        { cause, response }
      );
      if (!reading) stop = void 0;
      finish();
      return error;
    };
    closing.onabort = finish;
    for (const type of ["online", "visibilitychange"]) {
      globalThis.addEventListener?.(type, hasten, { signal: closing });
    }
    for (let attempt = 0; ; ) {
      const error = await connectOnce(attempt);
      if (closing.aborted || lastEventId === END_ID || !retries && error.code === "connection-ended") {
        return;
      }
      if (clock.now() - openedAt >= max) attempt = 0;
      const retry = isTransient(error);
      if (attempt >= retries || !(await options.shouldRetry?.(error, { attempt, retry }) ?? retry)) {
        throw error;
      }
      if (closing.aborted) return;
      control.abort();
      const now = clock.now();
      const least = Math.max(serverDelay, retryAfter(error.response, now));
      const random = clock.random() * Math.min(max, (serverDelay || base) * 2 ** attempt);
      const delay = Math.min(LONGEST_TIMER, least + (now - hastenedAt < 1e3 ? 0 : random));
      earliest = now + least;
      const waited = new Promise((resolve) => stop = resolve);
      setTimer(delay);
      setState("waiting", { attempt: ++attempt, delay, error });
      await waited;
      earliest = Infinity;
      hastenedAt = -Infinity;
    }
  };
}
function ask(option) {
  return typeof option === "function" ? option() : option;
}
function toHeaderText(text) {
  let header = "";
  for (const byte of new TextEncoder().encode(text)) header += String.fromCharCode(byte);
  return header;
}
function isTransient({ code, response }) {
  if (code !== "bad-status") return code.startsWith("connection-");
  const { status } = response;
  return status >= 500 || [408, 425, 429].includes(status);
}
function retryAfter(response, now) {
  const value = response?.headers.get("retry-after") ?? "";
  return Number(value) * 1e3 || Date.parse(value) - now || 0;
}

// lib/client/connect.ts
function connect(url, options = {}) {
  return createStream(createSource(url, options), options);
}
export {
  connect
};
