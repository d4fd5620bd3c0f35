/**
 * Judges ratios by the rounds in which they were measured. In a round both sides ran one after the other, so that what
 * disturbed the machine disturbed both; the median of the rounds counts, and one round that was disturbed changes little.
 */

/**
 * @typedef {Record<string, number>} Figures
 * @typedef {{ own: Figures, other: Figures }} Round
 */

/** @param {Round[]} rounds */
export function ratioOf(rounds, figure) {
  const ratios = rounds.map(({ own, other }) => own[figure] / other[figure]).sort((a, b) => a - b);
  const middle = ratios.length >> 1;
  return ratios.length % 2 === 1 ? ratios[middle] : (ratios[middle - 1] + ratios[middle]) / 2;
}

/**
 * Measures until it is clear: if a figure's ratio is above its limit there are more rounds, once, and all of them count.
 *
 * @param {object} options
 * @param {Record<string, number>} options.limits of each figure's ratio
 * @param {number} options.rounds at first
 * @param {number} options.more in the second try
 * @param {(rounds: number) => Promise<Round[]>} options.measure
 * @param {() => boolean} [options.hasTime] asked before the second try
 * @returns {Promise<{ ratios: Record<string, number>, rounds: number, over: string[] }>}
 */
export async function judge({ limits, rounds, more, measure, hasTime = () => true }) {
  const figures = Object.keys(limits);
  const overIn = (all) => figures.filter((figure) => !(ratioOf(all, figure) <= limits[figure]));
  let all = await measure(rounds);
  if (overIn(all).length > 0 && hasTime()) all = [...all, ...await measure(more)];
  const ratios = Object.fromEntries(figures.map((figure) => [figure, ratioOf(all, figure)]));
  return { ratios, rounds: all.length, over: overIn(all) };
}

/**
 * What is stored for a runtime, by its name and, for Node, its major version, which differ. Of one that nobody has stored yet
 * it is the highest of that name.
 *
 * @param {Record<string, number>} byRuntime
 */
export function budgetFor(byRuntime, name) {
  const [kind] = name.split(" ");
  const alike = Object.keys(byRuntime).filter((each) => each.split(" ")[0] === kind);
  return byRuntime[name] ??
    (alike.length === 0 ? undefined : Math.max(...alike.map((each) => byRuntime[each])));
}
