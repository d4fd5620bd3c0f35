/**
 * Makes random HTTP/1.1 requests, good and bad, and reads what comes back strictly.
 *
 * @module
 */

import type { Random } from "./random.ts";

export const HOST = "h.example";

/** What is to come of a request. */
export type Fate =
  | { readonly kind: "answer"; readonly status: number; readonly body: string }
  /** Refused by the adapter; the connection goes on. */
  | { readonly kind: "refused" }
  /** Refused by the server under it, which ends the connection. The handler may have begun with what came before. */
  | { readonly kind: "fatal"; readonly called: boolean };

/** A request as it goes out. */
export interface Sent {
  readonly id: string;
  readonly method: string;
  /** One character a byte. */
  readonly text: string;
  readonly fate: Fate;
}

/** The same text for a body on both sides, without sending it back. */
export function digest(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (Math.imul(sum, 31) + text.charCodeAt(i)) >>> 0;
  return `${text.length}:${sum}`;
}

/** What the handler at `/echo` answers, in ASCII. */
export function echoed(method: string, url: string, dup: string | null, body: string): string {
  return JSON.stringify({ method, url, dup, body: digest(body) }).replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

export const STREAMED = ":\n\ndata: one\n\ndata: two\n\n";

const BODILESS = ["GET", "GET", "HEAD", "OPTIONS", "DELETE"];
const BODIED = ["POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const ROUTES = ["echo", "echo", "echo", "pipe", "ignore", "some", "cancel", "stream", "throw"];
const VALUES = ["", "x", "a, b", '"quoted"', "\xe9\xff", "tab\there", "=;=", "x".repeat(3_000)];
/** A body that looks like a request: whoever takes its end wrongly answers it. */
const TRAP = `x\r\nGET /echo?n=smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n0\r\n\r\n`;

/** A request of any kind. The last of a connection may ask for its end. */
export function randomRequest(random: Random, id: string, last: boolean): Sent {
  return random.oneIn(8) ? badRequest(random, id) : goodRequest(random, id, last);
}

function goodRequest(random: Random, id: string, last: boolean): Sent {
  const route = random.pick(ROUTES);
  const bodied = random.oneIn(2);
  const method = random.pick(bodied ? BODIED : BODILESS);
  const path = `/${route}${random.pick(["", "", "/", "//x", "/%2f..%2f", "/a@b"])}?n=${id}`;
  const target = random.pick([
    path,
    path,
    path,
    `http://other.example${path}`,
    `HTTP://Other.example:81${path}`,
  ]);
  const url = new URL(target === path ? `http://${HOST}${path}` : target).href;
  const headers = [`${random.pick(["Host", "host", "HOST"])}: ${HOST}`];
  for (let n = random.below(4); n > 0; n--) {
    const value = random.pick(VALUES);
    headers.push(
      `${random.pick(["X-Dup", "x-dup"])}:${random.pick(["", " ", "\t "])}${value}${random.pick(["", " "])}`,
    );
  }
  for (let n = random.oneIn(10) ? random.below(300) : 0; n > 0; n--) headers.push(`X-Many-${n}: ${n}`);
  // What comes with a GET or a HEAD no Request can hold, and it must not be taken for the next request.
  const { head, sent, body } = bodied || random.oneIn(6)
    ? randomBody(random)
    : { head: [], sent: "", body: "" };
  headers.push(...head);
  if (sent !== "" && random.oneIn(6)) headers.push("Expect: 100-continue");
  // Node loses what comes in the same packet behind a request that would upgrade.
  if (last && sent === "" && random.oneIn(20)) headers.push("Connection: Upgrade", "Upgrade: nothing");
  const old = last && sent === "" && random.oneIn(8);
  // Node closes at once then, and what still arrives of a body that nobody reads resets the connection, answer and all.
  const isRead = sent === "" || (bodied && (route === "echo" || route === "pipe"));
  if (last && isRead && random.oneIn(2)) headers.push("Connection: close");
  shuffle(random, headers);
  const dups = headers.filter((line) => /^x-dup:/i.test(line)).map((line) =>
    line.slice(6).replace(/^[ \t]+|[ \t]+$/g, "")
  );
  const held = method === "GET" || method === "HEAD" ? "" : body;
  const answers: Record<string, string> = {
    echo: echoed(method, url, dups.length === 0 ? null : dups.join(", ").trim(), held),
    pipe: held,
    stream: STREAMED,
    throw: "Internal Server Error",
  };
  const status = route === "throw" ? 500 : 200;
  return {
    id,
    method,
    text: `${method} ${target} HTTP/1.${old ? 0 : 1}\r\n${headers.join("\r\n")}\r\n\r\n${sent}`,
    fate: { kind: "answer", status, body: method === "HEAD" ? "" : answers[route] ?? route },
  };
}

interface Body {
  readonly head: string[];
  /** In its coding. */
  readonly sent: string;
  readonly body: string;
}

function randomBody(random: Random): Body {
  const size = random.pick([0, 1, 10, 1_000, 1_000, 70_000]);
  const body = (random.oneIn(2) ? TRAP : "body ").repeat(Math.ceil(size / 5)).slice(0, size);
  if (random.oneIn(2)) return { head: [`Content-Length: ${body.length}`], sent: body, body };
  let sent = "";
  for (let at = 0; at < body.length;) {
    const length = Math.min(body.length - at, 1 + random.below(random.pick([3, 100, 30_000])));
    // A body of a byte a chunk would be all of the run.
    const taken = body.length > 2_000 ? Math.max(length, Math.min(500, body.length - at)) : length;
    const hex = taken.toString(16);
    const mark = random.pick([hex, hex.toUpperCase(), `00${hex}`, `${hex};name=value`, `${hex};n="q;q"`]);
    sent += `${mark}\r\n${body.slice(at, at + taken)}\r\n`;
    at += taken;
  }
  const end = random.pick(["0\r\n\r\n", "000\r\n\r\n", "0\r\nX-Trailer: 1\r\n\r\n"]);
  return { head: [`Transfer-Encoding: ${random.pick(["chunked", "Chunked"])}`], sent: sent + end, body };
}

function badRequest(random: Random, id: string): Sent {
  const host = `Host: ${HOST}\r\n`;
  const target = `/echo?n=${id}`;
  const make = (fate: Fate, text: string, method = "POST"): Sent => ({ id, method, text, fate });
  const refused = { kind: "refused" } as const;
  const fatal = { kind: "fatal", called: false } as const;
  // Node hands the request over before it looks at what its body is; that then fails.
  const begun = { kind: "fatal", called: true } as const;
  const post = (headers: string, body = "") => `POST ${target} HTTP/1.1\r\n${host}${headers}\r\n${body}`;
  return random.pick<() => Sent>([
    // What no Request can be.
    () => make(refused, `TRACE ${target} HTTP/1.1\r\n${host}\r\n`, "TRACE"),
    ...["http://", "ftp://h/x", "http://u:p@h.example/x", "http://[::1/x"].map((wrong) => () =>
      make(refused, `GET ${wrong}?n=${id} HTTP/1.1\r\n${host}\r\n`, "GET")
    ),
    ...["a b", "a/b", "u@h", "h:99999", "[::1", "h#x"].map((wrong) => () =>
      make(refused, `POST ${target} HTTP/1.1\r\nHost: ${wrong}\r\nContent-Length: 3\r\n\r\nabc`)
    ),
    () => make(refused, `GET ${target} HTTP/1.1\r\nHost: a.example\r\nhost: b.example\r\n\r\n`, "GET"),
    // What two readers would cut differently.
    () => make(fatal, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", `0\r\n\r\n${TRAP}`)),
    () => make(fatal, post("Transfer-Encoding: chunked\r\nContent-Length: 500\r\n", `0\r\n\r\n${TRAP}`)),
    () => make(fatal, post("Content-Length: 5\r\nContent-Length: 6\r\n", TRAP)),
    ...["-1", "+5", "0x5", "5 5", "5,5", "99999999999999999999"].map((wrong) => () =>
      make(fatal, post(`Content-Length: ${wrong}\r\n`, TRAP))
    ),
    ...["xchunked", "chunked, identity", "identity"].map((wrong) => () =>
      make(begun, post(`Transfer-Encoding: ${wrong}\r\n`, TRAP))
    ),
    () => make(fatal, post("Content-Length : 5\r\n", TRAP)),
    () => make(fatal, post("X-Nul: a\0b\r\n")),
    () => make(fatal, `GET nowhere?n=${id} HTTP/1.1\r\n${host}\r\n`, "GET"),
    () => make(fatal, post("no colon\r\n")),
    () => make(fatal, post(`X-Huge: ${"x".repeat(20_000)}\r\n`)),
    () => make(fatal, `POST ${target} HTTP/9.9\r\n${host}\r\n`),
    () => make(fatal, `\x16\x03\x01 is TLS\r\n\r\n`),
    // Good until its body: the handler is called, and its body fails.
    ...["zz\r\nxx", "5\r\nabcdefg\r\n", "-1\r\n", "ffffffffffffffffff\r\nx"].map((wrong) => () =>
      make(
        { kind: "fatal", called: true },
        post("Transfer-Encoding: chunked\r\n", `3\r\nabc\r\n${wrong}\r\n0\r\n\r\n`),
      )
    ),
  ])();
}

function shuffle<T>(random: Random, list: T[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [list[i], list[other]] = [list[other]!, list[i]!];
  }
}

/** The text in pieces of any size, mostly few. */
export function pieces(random: Random, text: string): string[] {
  const list: string[] = [];
  const most = random.pick([1, 50, 5_000, 200_000, 200_000]);
  for (let at = 0; at < text.length;) {
    // A large text a byte at a time would be all of the run.
    const size = Math.max(1 + random.below(most), Math.floor(text.length / 100));
    list.push(text.slice(at, at + size));
    at += size;
  }
  return list;
}

/** A response. */
export interface Received {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Whether all of it came. */
  readonly complete: boolean;
}

/** Reads the responses of a connection that has ended, which answer requests of these methods, and `100 Continue`s. */
export function readResponses(text: string, methods: readonly string[]): Received[] {
  const list: Received[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end === -1) {
      if (!"HTTP/1.1 ".startsWith(text.slice(at, at + 9))) {
        throw new Error(`No response begins at ${at}: ${tail(text, at)}`);
      }
      return list; // cut in its head
    }
    const [line, ...fields] = text.slice(at, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [^\r\n]*$/.exec(line!)?.[1] ?? NaN);
    if (!(status >= 100)) throw new Error(`No response begins at ${at}: ${tail(text, at)}`);
    at = end + 4;
    if (status === 100) continue;
    const headers = new Map(fields.map((field) => {
      const [, name, value] = /^([\w-]+): ?(.*)$/.exec(field) ?? [];
      if (name === undefined) throw new Error(`No header: ${field}`);
      return [name.toLowerCase(), value!];
    }));
    const { body, next, complete } = readBody(text, at, status, headers, methods[list.length] ?? "GET");
    list.push({ status, headers, body, complete });
    at = next;
  }
  return list;
}

const tail = (text: string, at: number) => JSON.stringify(text.slice(at, at + 80));

function readBody(
  text: string,
  start: number,
  status: number,
  headers: ReadonlyMap<string, string>,
  method: string,
): { body: string; next: number; complete: boolean } {
  if (method === "HEAD" || status === 204 || status === 304) return { body: "", next: start, complete: true };
  const length = headers.get("content-length");
  if (headers.get("transfer-encoding") === "chunked") {
    if (length !== undefined) throw new Error("Both a length and chunks");
    let body = "";
    for (let at = start;;) {
      const [line, hex] = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 12)) ?? [];
      if (line === undefined) {
        if (at + 12 <= text.length) throw new Error(`No chunk begins at ${at}: ${tail(text, at)}`);
        return { body, next: text.length, complete: false };
      }
      const size = Number.parseInt(hex!, 16);
      const from = at + line.length;
      if (from + size + 2 > text.length) {
        return { body: body + text.slice(from, from + size), next: text.length, complete: false };
      }
      if (text.slice(from + size, from + size + 2) !== "\r\n") {
        throw new Error(`A chunk does not end at ${from + size}`);
      }
      body += text.slice(from, from + size);
      at = from + size + 2;
      if (size === 0) return { body, next: at, complete: true };
    }
  }
  const end = length === undefined ? text.length : start + Number(length);
  return { body: text.slice(start, end), next: Math.min(end, text.length), complete: end <= text.length };
}
