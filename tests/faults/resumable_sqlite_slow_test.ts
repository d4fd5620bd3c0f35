// Checks the promises of resumable streams on SQLite, where each process has connections of its own.
import { sqliteStore } from "../../lib/sqlite/mod.ts";
import { resumableScenarios } from "../support/resumable_scenarios.ts";
import { sqlite, SqliteFile } from "../support/sqlite.ts";

resumableScenarios(`SQLite, ${sqlite?.name}`, () => {
  const file = new SqliteFile();
  return Promise.resolve({
    open: () => sqliteStore(file.given),
    close() {
      file.remove();
      return Promise.resolve();
    },
  });
});
