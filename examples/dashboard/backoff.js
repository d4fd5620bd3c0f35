/**
 * How long to wait before reconnect number `attempt` (0 for the first), in milliseconds.
 *
 * The ceiling doubles up to a cap, and half of it is chance: without the chance, all the clients of a server
 * that came back would arrive in the same instant; without the fixed half, an unlucky client would hammer.
 *
 * @param {number} attempt
 * @param {{ base?: number, cap?: number, random?: () => number }} [options]
 */
export function backoffDelay(attempt, { base = 1000, cap = 30_000, random = Math.random } = {}) {
  const ceiling = Math.min(cap, base * 2 ** attempt);
  return Math.round(ceiling / 2 + random() * ceiling / 2);
}
