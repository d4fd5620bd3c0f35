// Feeds tidings from a Redis stream by hand, as the floor of an engine: a turn's messages are one transaction, and whoever
// reads them publishes them to its own clients. What is published while Redis is away is lost, and so is what comes while
// the reader is; ids are the process's own, so nobody can come back to another one.
import { createClient } from "redis";
import { start as startTidings } from "./tidings.mjs";

const STREAM = "bench";
// As much as tidings keeps.
const KEPT = { TRIM: { strategy: "MAXLEN", strategyModifier: "~", threshold: 100_000 } };

export async function start({ engine, ...options }) {
  const writer = await createClient({ url: engine.address }).connect();
  // It waits for what comes, and would let what is written wait with it.
  const reader = await writer.duplicate().connect();
  const { publish: publishHere, ...serving } = await startTidings(options);
  publishWhatComes();

  async function publishWhatComes() {
    let last = "0-0";
    for (;;) {
      const [{ messages }] = await reader.xRead({ key: STREAM, id: last }, { BLOCK: 0, COUNT: 1_000 });
      for (const { message: { data } } of messages) publishHere({ data });
      last = messages.at(-1).id;
    }
  }

  let turn;
  return {
    ...serving,
    /** Resolves when Redis has acknowledged the turn. */
    publish({ data }) {
      turn ??= beginTurn();
      turn.commands.xAdd(STREAM, "*", { data: JSON.stringify(data) }, KEPT);
      return turn.sent;
    },
  };

  function beginTurn() {
    const commands = writer.multi();
    const sent = Promise.resolve().then(() => {
      turn = undefined;
      return commands.exec();
    });
    return { commands, sent };
  }
}
