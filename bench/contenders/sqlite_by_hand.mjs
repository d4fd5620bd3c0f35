// Feeds tidings from a table in SQLite by hand, as the floor of that engine: a turn's messages are one transaction, which is on
// the disk when it is acknowledged, and are read back and published. Nothing is ever deleted, other processes are not told, and
// ids are the process's own, so nobody can come back to another one.
import { openDatabase } from "./backplanes.mjs";
import { start as startTidings } from "./tidings.mjs";

export async function start({ engine, ...options }) {
  const database = openDatabase(engine.address);
  database.exec("PRAGMA journal_mode = WAL");
  database.exec("PRAGMA synchronous = FULL");
  database.exec("CREATE TABLE events (id INTEGER PRIMARY KEY, data TEXT NOT NULL)");
  const insert = database.prepare("INSERT INTO events (data) VALUES (?)");
  const select = database.prepare("SELECT id, data FROM events WHERE id > ? ORDER BY id");
  const { publish: publishHere, ...serving } = await startTidings(options);
  let last = 0;

  let turn;
  return {
    ...serving,
    /** Resolves when the turn is on the disk. */
    publish({ data }) {
      turn ??= beginTurn();
      turn.messages.push(JSON.stringify(data));
      return turn.written;
    },
  };

  function beginTurn() {
    const messages = [];
    const written = Promise.resolve().then(() => {
      turn = undefined;
      database.exec("BEGIN IMMEDIATE");
      for (const message of messages) insert.run(message);
      database.exec("COMMIT");
      const rows = select.all(last);
      for (const { data } of rows) publishHere({ data });
      last = rows.at(-1).id;
    });
    return { messages, written };
  }
}
