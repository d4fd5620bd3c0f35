/** Who listens to what: the few lines an application writes where its library has no such thing. */
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
