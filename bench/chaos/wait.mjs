// Waits: for a time, or for what is to become true within a time.
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** @param {() => boolean | Promise<boolean>} isSo */
export async function until(isSo, what, limit = 60_000) {
  for (const begun = performance.now(); !await isSo();) {
    if (performance.now() - begun > limit) throw new Error(`Waited ${limit / 1_000} s in vain until ${what}`);
    await sleep(20);
  }
}
