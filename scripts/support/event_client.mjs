// Reads an event stream as a browser does, and says what has not come in time.
import { setTimeout as sleep } from "node:timers/promises";

/** Seconds in which what is awaited comes: it is there in milliseconds, and a machine may be busy. */
export const PATIENCE = 10;

/** Waits until `condition` holds. @throws {Error} Saying what was awaited. */
export async function until(condition, what, seconds = PATIENCE) {
  for (const end = Date.now() + seconds * 1000; !condition(); await sleep(10)) {
    if (Date.now() > end) {
      throw new Error(`Within ${seconds} s ${typeof what === "function" ? what() : what}`);
    }
  }
}

export class EventClient {
  /** What has come, each with its `event`, `id` and `data`. */
  events = [];
  /** How the stream ended: "end", by the server, or "cut"; undefined while it runs. */
  ended;
  #leaving = new AbortController();
  #text = "";

  /** Opens the stream. Like a browser it takes compressed answers: `fetch` asks for them by itself. */
  static async open(url, lastEventId) {
    const client = new EventClient();
    const headers = { accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) };
    const late = setTimeout(() => client.leave(), PATIENCE * 1000);
    const response = await fetch(url, { headers, signal: client.#leaving.signal }).catch((cause) => {
      throw new Error(`No headers of ${url} came`, { cause });
    });
    clearTimeout(late);
    const type = response.headers.get("content-type");
    if (response.status !== 200 || !type?.startsWith("text/event-stream")) {
      client.leave();
      throw new Error(`${url} answered ${response.status}, ${type}`);
    }
    client.#read(response.body).then(() => client.ended = "end", () => client.ended = "cut");
    return client;
  }

  async #read(body) {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = (this.#text + chunk).split("\n\n");
      this.#text = blocks.pop();
      for (const block of blocks) {
        const event = Object.fromEntries(
          block.split("\n").filter((line) => !line.startsWith(":")).map((line) => line.split(/: ?(.*)/)),
        );
        if (event.data !== undefined) this.events.push(event);
      }
    }
  }

  /** Waits for an event whose data holds a text. */
  async see(text) {
    const seen = () => this.events.find(({ data }) => data.includes(text));
    await until(seen, () => `"${text}" did not come, only ${JSON.stringify(this.events)}`);
    return seen();
  }

  /** Closes the connection, as a page does that is closed. */
  leave() {
    this.#leaving.abort();
  }
}
