/**
 * Lists who is compared.
 *
 * A contender's file exports `start({ keepalive, history, packs, direct, requests, skips, engine })`, which resolves to
 * `{ port, size(), publish(message), publishAll?(messages) }`. A message is `{ id, topic, data }`, with an object for
 * `data`, which goes out as JSON. `keepalive: false` turns keepalives off where there are any; `history` is how many
 * messages the application keeps for clients that come back, where the library keeps none itself. `engine`
 * is what several processes share, by its name and address.
 */
export const CONTENDERS = [
  { name: "tidings", file: "tidings" },
  { name: "better-sse", file: "better_sse", package: "better-sse" },
  { name: "hono", file: "hono", package: "hono" },
  { name: "h3", file: "h3", package: "h3" },
  { name: "fastify", file: "fastify_sse", package: "@fastify/sse", runtimes: ["node"] },
  { name: "raw", file: "raw" },
];

/**
 * Those that parse a stream. Their files are in `parsers/`, and export `parseText(chunks, onEvent)` and
 * `parseStream(stream)`, which returns an async iterable over the events.
 */
export const PARSERS = [
  { name: "tidings", file: "tidings", parses: true },
  { name: "eventsource-parser", file: "eventsource_parser", package: "eventsource-parser", parses: true },
];

/**
 * Those that receive a stream. Their files are in `clients/`, and export `open(url, fetch, onEvent?)`, which returns what
 * has `close()` and, unless it says `loops: false`, is an async iterable over the events.
 */
export const CLIENTS = [
  { name: "tidings", file: "tidings", receives: true },
  { name: "eventsource-client", file: "eventsource_client", package: "eventsource-client", receives: true },
  { name: "eventsource", file: "eventsource", package: "eventsource", receives: true, loops: false },
];

/**
 * The same libraries in an application that gathers a turn's messages itself and hands them over at once. That is more
 * work for the application, and impossible where the messages come from parts that do not know of each other: so these
 * stand beside the others, and run where a turn has several messages.
 */
export const GATHERING = [
  { name: "better-sse gathered", file: "better_sse", package: "better-sse", gathers: true },
  { name: "h3 gathered", file: "h3", package: "h3", gathers: true },
];

/**
 * Who stands beside the others and is no peer of theirs. The floor is a bare socket, with next to nothing of HTTP. Go's
 * `net/http` is another language's way, once as tutorials show it, which drops what a client is slow to take (`lossy`), and
 * once by hand at its best: a program of its own, built by `harness/go.mjs`, which runs beside each runtime.
 */
export const BESIDE = [
  { name: "bare socket", file: "socket", beside: "the floor" },
  { name: "go tutorial", file: "tutorial", go: true, beside: "Go", lossy: true },
  { name: "go by hand", file: "by_hand", go: true, beside: "Go" },
];

/**
 * The floors: what nobody who does the same can do without. A scenario names its own as `floor`. `raw` with `requests` is the
 * floor of serving by web standards: a `Request` with a signal for each client, which the application is given and may look
 * at as long as the client is there. `raw` that `skips` is the floor of clients which do not read. The others are neither
 * right nor enough by themselves: see their files.
 */
export const FLOOR = [
  { name: "raw with a request", file: "raw", requests: true, beside: "the floor" },
  { name: "raw that skips", file: "raw", skips: true, beside: "the floor" },
  { name: "redis by hand", file: "redis_by_hand", package: "redis", engine: "redis", beside: "the floor" },
  { name: "sqlite by hand", file: "sqlite_by_hand", engine: "sqlite full", beside: "the floor" },
  { name: "search and slice", file: "search_and_slice", parses: true, beside: "the floor" },
  {
    ...{ name: "fetch by hand", file: "by_hand", package: "eventsource-parser" },
    ...{ receives: true, beside: "the floor" },
  },
];

/** tidings that writes everything to Node's response, and nothing to the socket past it: what the short cut is worth. */
export const DETOUR = [{ name: "tidings detour", file: "tidings", direct: false, runtimes: ["node"] }];

/** The same over HTTP/2, where what a turn brings to many clients may travel together. */
export const HTTP2 = [
  { name: "tidings http2", file: "tidings_http2", clients: "http2", runtimes: ["node", "deno"] },
];

/** The same with compression; neither Hono's nor h3's own packs event streams. */
export const PACKING = [
  { name: "tidings gzip", file: "tidings", packs: true },
  { name: "hono gzip", file: "hono", package: "hono", packs: true },
  { name: "h3 gzip", file: "h3", package: "h3", packs: true },
];

/** Several processes, over each engine: see `harness/engines.mjs`. */
export const ENGINES = ["redis", "redis everysec", "nats", "sqlite normal", "sqlite full", "postgres"];

export const OVER_ENGINES = [
  ...ENGINES.map((engine) => ({ name: `tidings ${engine}`, file: "tidings", engine })),
  {
    ...{ name: "socket.io redis", file: "socket_io", package: "socket.io", engine: "redis" },
    // Its clients are its own, and it is made for Node.
    ...{ clients: "socket.io", runtimes: ["node"] },
  },
];

export const ALL = [
  ...CONTENDERS,
  ...BESIDE,
  ...FLOOR,
  ...DETOUR,
  ...HTTP2,
  ...GATHERING,
  ...PACKING,
  ...OVER_ENGINES,
  ...PARSERS,
  ...CLIENTS,
];

/** Who runs in a scenario. */
export function contendersIn(scenario) {
  if (scenario.contenders !== undefined) {
    return scenario.contenders.map((name) => ALL.find((each) => each.name === name));
  }
  const floor = FLOOR.filter(({ name }) => name === scenario.floor);
  if (scenario.parses) return [...PARSERS, ...floor];
  if (scenario.receives) return [...CLIENTS, ...floor];
  if (scenario.packing) return [CONTENDERS[0], ...PACKING];
  return [
    ...CONTENDERS,
    ...scenario.beside ? BESIDE : [],
    ...floor,
    ...scenario.detour ? DETOUR : [],
    ...scenario.http2 ? HTTP2 : [],
    ...scenario.gathering ? GATHERING : [],
  ];
}
