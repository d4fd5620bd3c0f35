/** Reads as a browser does, over a raw socket: to the letter, and coming back with the last id that it has seen. */
import { connect } from "node:net";

const BACK_AFTER = 200;

const seqOf = (id) => Number(id.split("-").at(-1));

export class Follower {
  events = 0;
  gaps = 0;
  missed = 0;
  connections = 0;
  /** The number of the last event that it has, or knows to be gone. */
  last = 0;
  /** The first thing that was wrong. */
  fault;
  #port;
  #lastId;
  #socket;
  #isOver = false;
  #isPaused = false;

  constructor(port) {
    this.#port = port;
  }

  /** Resolves when the stream has begun. */
  connect() {
    this.connections++;
    const socket = this.#socket = connect(this.#port, "127.0.0.1");
    const resume = this.#lastId === undefined ? "" : `Last-Event-ID: ${this.#lastId}\r\n`;
    socket.write(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n${resume}\r\n`);
    socket.setEncoding("latin1");
    if (this.#isPaused) socket.pause();
    let head = "";
    let coded = "";
    let text = "";
    let begun;
    const beginning = new Promise((resolve) => begun = resolve);
    socket.on("data", (data) => {
      coded += data;
      if (head === "") {
        const end = coded.indexOf("\r\n\r\n");
        if (end === -1) return;
        head = coded.slice(0, end);
        coded = coded.slice(end + 4);
        if (!head.startsWith("HTTP/1.1 200")) this.#fail(`was answered ${head.split("\r\n", 1)[0]}`);
        begun();
      }
      // HTTP/1.1's chunks first, then the events in them.
      for (;;) {
        const lineEnd = coded.indexOf("\r\n");
        const size = Number.parseInt(coded.slice(0, lineEnd), 16);
        if (lineEnd === -1 || coded.length < lineEnd + 2 + size + 2) break;
        // The response is complete. The connection may live on for another one, which this client does not want.
        if (size === 0) socket.destroy();
        text += coded.slice(lineEnd + 2, lineEnd + 2 + size);
        coded = coded.slice(lineEnd + 2 + size + 2);
      }
      const frames = text.split("\n\n");
      text = frames.pop();
      for (const frame of frames) this.#take(frame);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      begun();
      if (!this.#isOver) setTimeout(() => this.#isOver || this.connect(), BACK_AFTER);
    });
    return beginning;
  }

  pause() {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume() {
    this.#isPaused = false;
    this.#socket.resume();
  }

  leave() {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #take(frame) {
    const id = /^id: (.+)$/m.exec(frame)?.[1];
    if (id === undefined) return;
    const data = /^data: (.+)$/m.exec(frame)?.[1];
    if (frame.includes("event: gap\n")) {
      const gap = JSON.parse(data);
      if (gap.requested !== this.#lastId) {
        this.#fail(`a gap after ${gap.requested} came after ${this.#lastId}`);
      }
      this.gaps++;
      this.missed += seqOf(id) - this.last;
      this.last = seqOf(id);
    } else if (data !== undefined && data !== "") {
      this.events++;
      const { seq } = JSON.parse(data);
      if (seq !== this.last + 1) this.#fail(`message ${seq} came after ${this.last}`);
      this.last = seq;
    }
    this.#lastId = id;
  }

  #fail(fault) {
    this.fault ??= fault;
  }
}
