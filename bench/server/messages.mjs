/**
 * What is published: a price, as an object, of about so many bytes as JSON. Its last character is `~`, which is nowhere
 * else in the stream, so a reader counts events by counting one byte.
 */
export class Messages {
  #bytes;
  #count = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  next(topic) {
    const seq = ++this.#count;
    const data = { seq, symbol: "ACME", amount: 12.34, volume: 5600, market: "XNAS", note: "" };
    // The rest up to the size wanted, and the mark.
    data.note = "n".repeat(Math.max(0, this.#bytes - 82)) + "~";
    return { id: String(seq), topic, data };
  }
}

const SYMBOLS = ["ACME", "GLOBX", "INITE", "UMBRL", "HOOLI", "STARK", "WAYNE", "CYBRD", "SOYLT", "TYRLL"];
const VENUES = ["XNAS", "XNYS", "ARCX", "BATS", "IEXG"];

/** Trades as an exchange reports them: fields that repeat, and figures that do not. */
export class Trades {
  #count = 0;
  #state = 1;

  next(topic) {
    const seq = ++this.#count;
    const data = {
      seq,
      symbol: SYMBOLS[this.#below(SYMBOLS.length)],
      price: (10_000 + this.#below(90_000)) / 100,
      size: 1 + this.#below(5_000),
      side: this.#below(2) === 0 ? "buy" : "sell",
      venue: VENUES[this.#below(VENUES.length)],
      time: new Date(1_750_000_000_000 + seq * 37 + this.#below(30)).toISOString(),
      tradeId: this.#below(2 ** 31).toString(36) + "~",
    };
    return { id: String(seq), topic, data };
  }

  /** The same figures in every run. */
  #below(limit) {
    this.#state = Math.imul(this.#state, 1_664_525) + 1_013_904_223 >>> 0;
    return Math.floor(this.#state / 2 ** 32 * limit);
  }
}
