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
