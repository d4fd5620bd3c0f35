/** Does the long work: it counts primes, slice by slice. */

/** The primes up to `limit`. */
export function primesUpTo(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let n = 2; n <= limit; n++) {
    if (composite[n]) continue;
    primes.push(n);
    for (let multiple = n * n; multiple <= limit; multiple += n) composite[multiple] = 1;
  }
  return primes;
}

/**
 * How many primes there are from `from` on and below `to`: the sieve of Eratosthenes, one slice of it.
 *
 * @param base All primes up to the root of `to`.
 */
export function countPrimes(from: number, to: number, base: readonly number[]): number {
  const composite = new Uint8Array(to - from);
  for (const prime of base) {
    if (prime * prime >= to) break;
    for (let n = Math.max(prime * prime, Math.ceil(from / prime) * prime); n < to; n += prime) {
      composite[n - from] = 1;
    }
  }
  let count = 0;
  for (let n = Math.max(from, 2); n < to; n++) if (composite[n - from] === 0) count++;
  return count;
}
