/** Sends commands to another process and waits for its answers, each for a limited time. */
export class Remote {
  #name;
  #send;
  #count = 0;
  #waiting = new Map();
  #over;

  /**
   * @param {string} name for error messages
   * @param {(message: object) => void} send
   * @param {number} [pid]
   */
  constructor(name, send, pid) {
    this.pid = pid;
    this.#name = name;
    this.#send = send;
  }

  /** Sends a command that has no answer. */
  tell(command, rest = {}) {
    this.#send({ command, ...rest });
  }

  /** Sends a command and waits for its answer. */
  ask(command, rest = {}, { limit = 60_000 } = {}) {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    const id = ++this.#count;
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`The ${this.#name} did not answer "${command}" in ${limit / 1000} s`));
      }, limit);
      this.#waiting.set(id, { resolve, reject, timer });
    });
    this.#send({ command, id, ...rest });
    return answer;
  }

  /** An answer has come. */
  settle({ answers, failed, ...rest }) {
    const waiting = this.#waiting.get(answers);
    if (waiting === undefined) return;
    this.#waiting.delete(answers);
    clearTimeout(waiting.timer);
    if (failed === undefined) waiting.resolve(rest);
    else waiting.reject(new Error(failed));
  }

  /** The process is gone. */
  end(reason) {
    this.#over = new Error(`The ${this.#name} ended: ${reason}`);
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(this.#over);
    }
    this.#waiting.clear();
  }
}
