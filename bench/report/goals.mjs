/**
 * How the figures stand against the goals. A goal is for a `figure` of tidings, or `of` another contender: a limit of its own
 * (`most`, `least`), a factor `against` somebody else's, or a difference `over` it.
 */

/**
 * @returns {{ scenario: object, kind: string, of: string, figure: string, goal: string, value: string, limit: string, met?: boolean,
 *   rival?: number }[]} `rival` is the figure of whom a factor is against
 */
export function goalsOf({ scenarios }) {
  return scenarios.flatMap((scenario) =>
    Object.entries(scenario.results).flatMap(([kind, contenders]) =>
      scenario.goals.filter(({ runtimes }) => runtimes?.includes(kind) ?? true).flatMap(
        ({ of = "tidings", ...goal }) => {
          const { figure } = goal;
          const row = judge({ of, ...goal }, contenders, scenario.figures[figure]);
          return row === undefined ? [] : { scenario, kind, of, figure, ...row };
        },
      )
    )
  );
}

function judge({ of, figure, against, over, most, least }, contenders, { label, unit, digits }) {
  const own = contenders[of]?.figures[figure]?.median;
  if (own === undefined) return undefined;
  const whose = of === "tidings" ? label : `${label} of ${of}`;
  if (against === undefined && over === undefined) {
    const limit = most === undefined ? `≥ ${least} ${unit}` : `≤ ${most} ${unit}`;
    return {
      goal: whose,
      value: `${own.toFixed(digits)} ${unit}`,
      limit,
      met: own <= (most ?? Infinity) && own >= (least ?? -Infinity),
    };
  }
  if (over !== undefined) {
    const rival = nameAndFigure(over, contenders, figure);
    if (rival === undefined) return undefined;
    const more = own - rival.value;
    return {
      goal: `${whose}, over ${over}`,
      value: `${more < 0 ? "" : "+"}${more.toFixed(digits)} ${unit}`,
      limit: most === undefined ? "none" : `≤ +${most} ${unit}`,
      met: most === undefined ? undefined : more <= most,
    };
  }
  const rival = against.startsWith("best ")
    ? bestPeer(contenders, figure, against === "best gathering peer")
    : nameAndFigure(against, contenders, figure);
  if (rival === undefined) return undefined;
  return {
    goal: `${whose}, against ${rival.name}`,
    value: `${(own / rival.value).toFixed(2)} ×`,
    limit: most === undefined ? "none" : `≤ ${most} ×`,
    met: most === undefined ? undefined : own / rival.value <= most,
    rival: rival.value,
  };
}

function nameAndFigure(name, contenders, figure) {
  const value = contenders[name]?.figures[figure]?.median;
  return value === undefined ? undefined : { name, value };
}

/**
 * Those that stand `beside` the others, as the floor and other languages do, are no peers.
 *
 * @param {boolean} gathering whether to look among those that are given a turn's messages at once, or the others
 */
function bestPeer(contenders, figure, gathering) {
  return Object.keys(contenders)
    .filter((name) =>
      !name.startsWith("tidings") && name !== "raw" && contenders[name].beside === undefined &&
      (contenders[name].gathers ?? false) === gathering
    )
    .map((name) => nameAndFigure(name, contenders, figure))
    .filter((peer) => peer !== undefined)
    .sort((a, b) => a.value - b.value)[0];
}
