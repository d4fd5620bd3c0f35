// Keeps account of what was acknowledged and of what each reader received, and finds what came twice, late, or never.
const COLUMNS = ["acknowledged", "received", "gaps", "doubled", "outOfOrder", "lost"];
// How many faults are described one by one.
const MOST_EXAMPLES = 20;

const zero = () => Object.fromEntries(COLUMNS.map((column) => [column, 0]));

/** The order of a Redis stream's ids, as `[milliseconds, number]`. */
const placeOf = (id) => id.split("-").map(Number);
const compare = ([a, m], [b, n]) => a - b || m - n;

/**
 * The account of one run. An event is named by who published it and a number that counts up with each one published; its
 * place is its id in the log. In the table what a reader received, and what was wrong with it, is booked on the runtime
 * of the node that served it at that moment.
 */
export class Account {
  #events = new Map();
  #runtimes = new Map();
  #readers = [];

  /** A publisher, and the runtime on which it runs. */
  publisher(source, runtime) {
    this.#runtimes.set(source, runtime);
  }

  /** `publish()` resolved with an id. */
  acknowledged(source, number, id) {
    this.#event(source, number).acknowledged = id;
  }

  /** One more reader. */
  reader() {
    const steps = [];
    this.#readers.push(steps);
    return {
      /** It was given its first place: what comes after that is owed to it. */
      placed: (id) => void steps.push({ place: id }),
      /** It received an event from a node on this runtime. */
      received: (source, number, id, runtime) =>
        void steps.push({ event: this.#event(source, number), id, runtime }),
      /** It was told that what is after `requested`, up to and with `resumedAt`, may be missing. */
      gap: (resumedAt, runtime) => void steps.push({ gap: resumedAt, runtime }),
    };
  }

  /**
   * The table: a row for each runtime, and `all`; `told`, how many events were missing under a gap; and `examples`, the
   * first faults in words.
   *
   * An event is doubled if a reader received it before; out of order if its id, or its publisher's number, is not above that
   * of the event before; and lost if it was acknowledged, lies between two places at which the reader was, never came to
   * it, and is not covered by a gap that came in between. What is missing at the end of all counts as lost, too.
   */
  settle() {
    const rows = {};
    const row = (runtime) => rows[runtime] ??= zero();
    const result = { rows, told: 0, examples: [] };
    for (const { source, acknowledged } of this.#events.values()) {
      if (acknowledged !== undefined) row(this.#runtimes.get(source)).acknowledged++;
    }
    const owed = this.#owed();
    for (const [index, steps] of this.#readers.entries()) {
      this.#check(steps, owed, {
        count: (column, runtime, what) => {
          row(runtime)[column]++;
          if (what !== undefined && result.examples.length < MOST_EXAMPLES) {
            result.examples.push(`reader ${index}, ${runtime}: ${what}`);
          }
        },
        told: () => result.told++,
      });
    }
    const all = zero();
    for (const each of Object.values(rows)) for (const column of COLUMNS) all[column] += each[column];
    return { ...result, all };
  }

  #event(source, number) {
    const name = `${source}:${number}`;
    let event = this.#events.get(name);
    if (event === undefined) {
      this.#events.set(name, event = { name, source, number, acknowledged: undefined });
    }
    return event;
  }

  /**
   * All that was acknowledged, in the order of the log. An event that was sent twice lies there twice, and the first copy
   * that anybody received is its place, whichever of them was acknowledged.
   */
  #owed() {
    const places = new Map();
    for (const { event, id } of this.#readers.flat()) {
      if (event === undefined) continue;
      const place = placeOf(id);
      if (!places.has(event) || compare(place, places.get(event)) < 0) places.set(event, place);
    }
    return [...this.#events.values()]
      .filter(({ acknowledged }) => acknowledged !== undefined)
      .map((event) => ({ event, place: places.get(event) ?? placeOf(event.acknowledged) }))
      .sort((a, b) => compare(a.place, b.place));
  }

  #check(steps, owed, { count, told }) {
    const has = new Set(steps.map(({ event }) => event));
    const seen = new Set();
    const numbers = new Map();
    let place;
    let last = "its beginning";
    let isAfterGap = false;
    let next = 0;
    let runtime;
    /** Looks at all that lies up to a place. What is exactly there is part of it only after a gap, or at the beginning. */
    const pass = (to, withIt, missing) => {
      for (; next < owed.length; next++) {
        const order = compare(owed[next].place, to);
        if (order > 0 || order === 0 && !withIt) break;
        if (!has.has(owed[next].event)) missing(owed[next].event);
      }
      place = to;
    };
    const lost = (until) => ({ name, acknowledged }) =>
      count("lost", runtime, `${name} at ${acknowledged} was lost between ${last} and ${until}`);

    for (const step of steps) {
      runtime = step.runtime ?? runtime;
      if (step.event === undefined) {
        if (step.gap !== undefined) count("gaps", runtime);
        const to = placeOf(step.gap ?? step.place);
        if (place === undefined) pass(to, true, () => {});
        else if (compare(to, place) > 0) pass(to, true, told);
        isAfterGap = step.gap !== undefined;
        continue;
      }
      const { event: { name, source, number }, id } = step;
      count("received", runtime);
      if (seen.has(step.event)) {
        count("doubled", runtime, `${name} at ${id} came again, after ${last}`);
        continue;
      }
      seen.add(step.event);
      const at = placeOf(id);
      if (place === undefined) pass(at, true, () => {});
      const order = compare(at, place);
      // The entry at which it goes on after a gap may come all the same, and so may the first one of all.
      const isBehind = order < 0 || order === 0 && !isAfterGap && seen.size > 1;
      if (isBehind || number <= (numbers.get(source) ?? -1)) {
        count("outOfOrder", runtime, `${name} at ${id} came after ${last}`);
        continue;
      }
      if (order > 0) pass(at, false, lost(name));
      numbers.set(source, number);
      last = `${name} at ${id}`;
      isAfterGap = false;
    }
    if (place !== undefined) pass([Infinity, 0], false, lost("the end"));
  }
}
