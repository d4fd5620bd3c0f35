/**
 * Calls `publish` so many times, `every` so many milliseconds, and tells when it did. A call that is late does not move
 * those after it: the rate stays what it is.
 */
export function pace({ turns, every }, publish) {
  const start = performance.now();
  const times = [];
  return new Promise((resolve) => {
    const next = () => {
      times.push(performance.now());
      publish();
      if (times.length === turns) return resolve({ times });
      setTimeout(next, Math.max(0, start + times.length * every - performance.now()));
    };
    next();
  });
}
