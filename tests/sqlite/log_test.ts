// Tests a log in SQLite against the contract of a backplane, by each library.
import { sqliteLog } from "../../lib/sqlite/mod.ts";
import { backplaneContract } from "../support/backplane_contract.ts";
import { SqliteFile, sqliteKinds } from "../support/sqlite.ts";

for (const kind of sqliteKinds) {
  backplaneContract({
    name: kind.name,
    strangeIds: ["1-0", "9007199254740991-zzzzzzz", "1764000000000-0"],
    make() {
      const file = new SqliteFile(kind);
      const [own, other] = [sqliteLog(file.given), sqliteLog(file.given)];
      return Promise.resolve({
        backplane: own,
        elsewhere: other,
        trim: (keep) => {
          file.run(
            `DELETE FROM tidings_events WHERE id NOT IN (SELECT id FROM tidings_events ORDER BY id DESC LIMIT ${keep})`,
          );
          return Promise.resolve();
        },
        loseTail: (count) => {
          file.run(
            `DELETE FROM tidings_events WHERE id IN (SELECT id FROM tidings_events ORDER BY id DESC LIMIT ${count})`,
          );
          return Promise.resolve();
        },
        wipe: () => {
          file.run("DELETE FROM tidings_events");
          return Promise.resolve();
        },
        disconnect: () => {
          file.putBack(file.backUp());
          return Promise.resolve();
        },
        connections: () => Promise.resolve(file.descriptors()),
        close: () => {
          own.close?.();
          other.close?.();
          file.remove();
          return Promise.resolve();
        },
      });
    },
  });
}
