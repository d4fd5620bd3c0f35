/** Opens, counts and waits for all clients of a run. */
import { Client } from "./clients.mjs";
import { Http2Client } from "./http2.mjs";
import { BlockClient, PackedClient, UnpackedClient } from "./packed.mjs";
import { decode, disorderIn, faultIn } from "./decode.mjs";

// How many connections are under way at a time: a listening socket's queue is short.
const AT_ONCE = 100;
// How many of those that only count are also checked to the letter.
const CHECKED = 5;
// How often is looked whether more has come, in milliseconds.
const SETTLE_POLL = 5;

// After how long somebody who was refused tries again, in milliseconds.
const AGAIN = 200;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const addressOf = (i, addresses) => addresses && `127.0.0.${2 + i % addresses}`;
const quantileOf = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

export class Crowd {
  readers = [];
  /** Those that are connected, and not expected to receive anything. */
  #others = [];
  #target = Infinity;
  #missing = 0;
  #settled = 0;
  #reached = () => {};

  /**
   * Connects and waits until each client has the first byte of its stream.
   *
   * @param {"readers" | "stalled" | "idle"} options.role only readers are counted and waited for; the stalled never read
   * @param {number} options.perBlock with `packed`: how many events each block holds that the clients share; 0 if the stream
   * is not packed. Only those that are checked then unpack
   * @param {number} options.addresses from how many of this machine's addresses they connect, in turn
   */
  async open(
    { count, role = "readers", checkAll = false, time = false, packed = false, kind, addresses, ...where },
  ) {
    // Its package is there only where the bench's own are installed, which the gate of the ratios does without.
    const { SocketIoClient } = kind === "socket.io" ? await import("./socket_io.mjs") : {};
    const Kind = SocketIoClient ?? (kind === "http2" ? Http2Client : packed ? PackedClient : Client);
    const Counting = where.perBlock === undefined ? Kind : where.perBlock > 0 ? BlockClient : UnpackedClient;
    const reads = role === "readers";
    const opened = [];
    for (let i = 0; i < count; i += AT_ONCE) {
      const batch = Array.from(
        { length: Math.min(AT_ONCE, count - i) },
        (_, j) =>
          new (i + j < CHECKED ? Kind : Counting)({
            ...where,
            localAddress: addressOf(i + j, addresses),
            time: time && reads,
            keep: reads && (checkAll || i + j < CHECKED),
            counted: (client, before) => this.#counted(client, before),
          }),
      );
      opened.push(...batch);
      await Promise.all(batch.map(({ greeted }) => greeted));
    }
    if (role === "stalled") { for (const client of opened) client.stall(); }
    (reads ? this.readers : this.#others).push(...opened);
  }

  /** Waits until each reader has received so many events, and resolves to when that was. */
  async reach(events) {
    this.#target = events;
    this.#missing = this.readers.filter((client) => client.events < events).length;
    if (this.#missing > 0) await new Promise((resolve) => this.#reached = resolve);
    return { at: performance.now() };
  }

  #counted(client, before) {
    if (before < this.#target && client.events >= this.#target && --this.#missing === 0) this.#reached();
  }

  /**
   * All readers lose their connections at once, and each comes back at a moment of its own `within` so many milliseconds, as
   * often as it needs. Resolves to how long all of it took and how long each waited for its first byte, as quantiles.
   */
  async storm({ within, quantiles, addresses, ...where }) {
    const count = this.readers.length;
    for (const reader of this.readers) reader.leave(true);
    this.readers = [];
    this.#target = Infinity;
    const waits = [];
    let refused = 0;
    const comeBack = async (i) => {
      await sleep(Math.random() * within);
      for (const begin = performance.now();;) {
        const counted = (client, before) => this.#counted(client, before);
        const client = new Client({ ...where, localAddress: addressOf(i, addresses), counted });
        try {
          await client.greeted;
          waits.push(performance.now() - begin);
          this.readers.push(client);
          return;
        } catch {
          refused++;
          await sleep(AGAIN);
        }
      }
    };
    const begin = performance.now();
    await Promise.all(Array.from({ length: count }, (_, i) => comeBack(i)));
    const milliseconds = performance.now() - begin;
    waits.sort((a, b) => a - b);
    return { milliseconds, refused, waits: quantiles.map((q) => quantileOf(waits, q)) };
  }

  /** How many bytes all readers have received. */
  bytes() {
    return this.readers.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** How many events all readers have. */
  total() {
    return this.readers.reduce((sum, { events }) => sum + events, 0);
  }

  /** Waits until the readers have received so many `more` each, or nothing has come for `quiet` milliseconds. */
  async settle({ more, quiet }) {
    const wanted = this.#settled + more * this.readers.length;
    for (let still = 0; this.total() < wanted && still < quiet; still += SETTLE_POLL) {
      const before = this.total();
      await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL));
      if (this.total() > before) still = 0;
    }
    this.#settled = this.total();
  }

  /**
   * How many events and bytes have arrived, and what is wrong with them if they must run from `first` to `last`.
   *
   * @param {boolean} options.lossy whether some of them may be missing
   */
  check({ first, last, lossy = false }) {
    const { readers } = this;
    const [{ bytes = 0, events = 0 } = {}] = readers;
    const faults = readers.flatMap(({ events, kept, chunked }) => {
      if (lossy) return (kept && disorderIn(decode(kept, chunked))) ?? [];
      if (events !== last - first + 1) return `${events} messages of ${last - first + 1}`;
      return kept === undefined ? [] : faultIn(decode(kept, chunked), first, last) ?? [];
    });
    return { events: this.total(), bytesEach: bytes / events, faults: faults.length, fault: faults[0] };
  }

  /** What the first reader was sent. */
  received() {
    return { events: decode(this.readers[0].kept) };
  }

  /**
   * The delays from when each turn was published, by this process's clock, to each receipt, as quantiles.
   *
   * @param {number} options.skip how many events came before
   * @param {number} options.perTurn how many were published at each of these times
   */
  delays({ published, perTurn, skip, quantiles }) {
    const all = [];
    for (const { times } of this.readers) {
      for (let i = skip; i < times.length; i++) {
        all.push(times[i] - published[Math.floor((i - skip) / perTurn)]);
      }
    }
    all.sort((a, b) => a - b);
    return { delays: quantiles.map((q) => quantileOf(all, q)) };
  }

  /**
   * The same where there are so many topics, to which messages went in turn, each at one of these times, and as many readers
   * have each, in their order.
   */
  topicDelays({ published, topics, quantiles }) {
    const perTopic = this.readers.length / topics;
    const all = this.readers.flatMap(({ times }, i) => {
      const topic = Math.floor(i / perTopic);
      return times.map((time, n) => time - published[topic + n * topics]);
    });
    all.sort((a, b) => a - b);
    return { count: all.length, delays: quantiles.map((q) => quantileOf(all, q)) };
  }

  leave() {
    for (const client of [...this.readers, ...this.#others]) client.leave(true);
    this.readers = [];
    this.#others = [];
    this.#target = Infinity;
    this.#settled = 0;
  }
}
