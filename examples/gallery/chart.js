// Draws the last prices: the line, a dot on each that was sent while the connection was away, and a band over that time.

/** Events that are in sight. */
export const SPAN = 30;
/** What the height stands for at least, in the unit of the prices. */
const LEAST_RANGE = 2;

/** @typedef {{ number: number, value: number, late: boolean }} Point */

/**
 * What the chart shows, in a box of 100 by 100.
 *
 * @param {readonly Point[]} points in the order of their numbers
 * @param {number} edge the number at the right edge; higher than the last point's while nothing arrives
 */
export function draw(points, edge) {
  const seen = points.filter(({ number }) => number > edge - SPAN);
  const values = seen.map(({ value }) => value);
  // Small changes stay small to the eye.
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  const range = Math.max(LEAST_RANGE, Math.max(...values) - Math.min(...values));
  const x = (/** @type {number} */ number) => round(97 - (edge - number) * 94 / (SPAN - 1));
  const y = (/** @type {number} */ value) => round(50 - (value - middle) * 80 / range);
  const at = (/** @type {Point} */ point) => `${x(point.number)},${y(point.value)}`;
  return {
    line: seen.map((point, index) => `${index === 0 ? "M" : "L"}${at(point)}`).join(""),
    // A line without length is a dot, and stays round however the box is stretched.
    late: seen.filter(({ late }) => late).map((point) => `M${at(point)}h0`).join(""),
    newest: seen.slice(-1).map((point) => `M${at(point)}h0`).join(""),
    x,
  };
}

const round = (/** @type {number} */ value) => Math.round(value * 100) / 100;

export class Chart {
  #svg;
  /** @type {Point[]} */
  #points = [];
  /** From where to where the connection was away: the numbers of the last event before and of the first after it. */
  #band = { from: 0, to: 0 };

  /** @param {Element} svg with the paths `.line`, `.late` and `.newest`, and the rect `.band` */
  constructor(svg) {
    this.#svg = svg;
  }

  /** @param {Point} point */
  add(point) {
    if (point.number <= (this.#points.at(-1)?.number ?? 0)) this.#points = []; // a server that counts anew
    this.#points.push(point);
    if (this.#points.length > SPAN + 2) this.#points.shift();
    if (point.late) this.#band.to = point.number;
  }

  /** The connection is gone. */
  leave() {
    const last = this.#points.at(-1)?.number ?? 0;
    this.#band = { from: last, to: last };
  }

  /** @param {number} edge @param {boolean} away */
  render(edge, away) {
    const { x, ...paths } = draw(this.#points, edge);
    for (const [name, path] of Object.entries(paths)) {
      this.#svg.querySelector(`.${name}`)?.setAttribute("d", path);
    }
    const { from, to } = this.#band;
    const [left, right] = [Math.max(0, x(from)), away ? 100 : x(to)];
    const band = this.#svg.querySelector(".band");
    band?.setAttribute("x", String(left));
    band?.setAttribute("width", String(from === 0 ? 0 : Math.max(0, right - left)));
  }
}
