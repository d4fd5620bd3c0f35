/** Remembers who listens to what, in the few lines that an application writes where its library has no topics. */
export class Topics {
  #members = new Map();
  size = 0;

  /** @returns what to call when the client has left */
  join(topic, client) {
    if (!this.#members.has(topic)) this.#members.set(topic, new Set());
    const members = this.#members.get(topic).add(client);
    this.size++;
    return () => {
      if (members.delete(client)) this.size--;
    };
  }

  members(topic) {
    return this.#members.get(topic) ?? [];
  }
}
