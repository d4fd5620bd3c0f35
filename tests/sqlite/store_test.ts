// Tests streams in SQLite against the contract of a store, by each library.
import { sqliteStore } from "../../lib/sqlite/mod.ts";
import { SqliteFile, sqliteKinds } from "../support/sqlite.ts";
import { storeContract } from "../support/store_contract.ts";

for (const kind of sqliteKinds) {
  storeContract(kind.name, () => {
    const file = new SqliteFile(kind);
    return Promise.resolve({
      open: () => sqliteStore(file.given),
      close() {
        file.remove();
        return Promise.resolve();
      },
    });
  });
}
