/** Does what the parent process asks for by messages, and answers: the other end of `Remote`. */
import process from "node:process";

/** @param {Record<string, (options: object) => unknown>} commands `exit` is one already */
export function obey(commands) {
  const all = { exit: () => process.exit(0), ...commands };
  process.on("message", async ({ command, id, ...rest }) => {
    try {
      process.send({ answers: id, ...await all[command](rest) });
    } catch (error) {
      process.send({ answers: id, failed: error.message });
    }
  });
  process.on("disconnect", () => process.exit(0));
}
