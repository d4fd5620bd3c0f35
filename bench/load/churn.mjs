/** Visits a server again and again, as clients that come and go. */
import { Client } from "./clients.mjs";

/** Connects, waits for the stream's first byte, leaves, and does it again: so many at a time, for so long. */
export async function churn({ port, atOnce, milliseconds }) {
  const start = performance.now();
  let visits = 0;
  const visit = async () => {
    while (performance.now() - start < milliseconds) {
      const client = new Client({ port, path: "/", counted() {} });
      await client.greeted;
      client.leave(true);
      visits++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, visit));
  return { visits, milliseconds: performance.now() - start };
}
