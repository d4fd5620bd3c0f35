/**
 * Keeps what a tab knows of the one stream that all tabs share: its recent items in order, each with a place that all tabs
 * agree on. It decides who is behind, who is ahead and what is a repetition, and sends nothing.
 *
 * A term is the time of one leader; a place is a term and a number counted from 1 within it. A new leader goes on from
 * the last id *it* has seen. A tab that saw less asks it for the rest; a tab that saw more, because the last messages
 * of the old leader reached it and not the new one, will see those events again, and drops them by their ids.
 *
 * @module
 */
import type { WireItem } from "./items.ts";

/** A term, and the number of the last item within it. */
export type Place = readonly [term: string, count: number];

/** One item of the shared stream. */
export interface Entry {
  readonly place: Place;
  readonly item: WireItem;
}

/** What a leader answers a tab that asked. */
export interface Answer {
  /** Where the tab is after it. */
  readonly place: Place;
  readonly lastEventId: string;
  /** What it has missed. */
  readonly entries: readonly Entry[];
  /** How much of the tab's term the leader has seen, when that is less than the tab has. */
  readonly known?: number | undefined;
  /** Set when what the tab has missed is no longer known. */
  readonly lost?: boolean | undefined;
}

/** A tab's view of the shared stream. */
export interface Timeline {
  /** Where the tab is, undefined until it has learnt or begun a term. */
  readonly place: Place | undefined;
  readonly lastEventId: string;
  /** Leads from here on: what `append` is given gets places of a new term. */
  lead(term: string): void;
  append(item: WireItem): Entry;
  /** The leader's answer to a tab at this place, or to a new one with this id. */
  answer(place: Place | undefined, lastEventId: string): Answer;
  /** Takes an answer, and returns the items that are new to this tab. */
  accept(answer: Answer): WireItem[];
  /** Takes a live entry: returns the items that are new, or undefined when the tab has to ask. */
  follow(entry: Entry): WireItem[] | undefined;
}

/** Creates the view of a tab that begins with this id and remembers so many items. */
export function createTimeline(lastEventId: string, size: number): Timeline {
  // The line as the present leader has it. Ids that came alone are in it too, so that each place can be found.
  const entries: Entry[] = [];
  let place: Place | undefined;
  // Terms that are over; what still comes of them is not part of the line.
  const past = new Set<string>();
  // Ids of events this tab has had beyond what the leader had, who will deliver them again.
  const repeated = new Set<string>();

  function add(entry: Entry): WireItem[] {
    const { item } = entry;
    const isOwnId = item.lastEventId !== lastEventId;
    if (place && place[0] !== entry.place[0]) past.add(place[0]);
    ({ place } = entry);
    ({ lastEventId } = item);
    entries.push(entry);
    if (entries.length > size) entries.shift();
    if (!item.kind || repeated.delete(lastEventId)) return [];
    // The server repeats in order and without a hole, so the first new id ends the repetition.
    if (isOwnId) repeated.clear();
    return [item];
  }

  /** Takes back what this tab has of its term beyond the leader's count: it will come again. */
  function dropBeyond(known: number): void {
    while (entries.length > 0) {
      const last = entries.at(-1)!;
      if (last.place[0] !== place![0] || last.place[1] <= known) return;
      entries.pop();
      lastEventId = entries.at(-1)?.item.lastEventId ?? "";
      if (last.item.lastEventId !== lastEventId) repeated.add(last.item.lastEventId);
    }
  }

  return {
    get place() {
      return place;
    },
    get lastEventId() {
      return lastEventId;
    },
    lead(term) {
      add({ place: [term, 0], item: { lastEventId } });
    },
    append(item) {
      const entry: Entry = { place: [place![0], place![1] + 1], item };
      add(entry);
      return entry;
    },
    answer(from, id) {
      // The counts of a term have no holes: the last one that is not beyond the tab's is the tab's, or it is ahead.
      const at = entries.findLastIndex((entry) =>
        from ? isUpTo(entry.place, from) : id !== "" && entry.item.lastEventId === id
      );
      const count = entries[at]?.place[1];
      const isAhead = from !== undefined && count !== undefined && count < from[1];
      return {
        place: place!,
        lastEventId,
        entries: at < 0 ? [] : entries.slice(at + 1),
        known: isAhead ? count : undefined,
        // A new tab without an id begins here and has missed nothing.
        lost: at < 0 && (from !== undefined || id !== ""),
      };
    },
    accept(answer) {
      const requested = lastEventId;
      if (answer.known !== undefined) dropBeyond(answer.known);
      const items = answer.entries.flatMap(add);
      add({ place: answer.place, item: { lastEventId: answer.lastEventId } });
      return answer.lost
        ? [createGap(requested, lastEventId, "missed while another tab held the connection")]
        : items;
    },
    follow(entry) {
      const [term, count] = entry.place;
      if (past.has(term)) return [];
      if (place?.[0] !== term) return undefined;
      return count <= place[1] ? [] : count === place[1] + 1 ? add(entry) : undefined;
    },
  };
}

/** Whether a place is not beyond another one of its term. */
function isUpTo(place: Place, other: Place): boolean {
  return place[0] === other[0] && place[1] <= other[1];
}

/** A gap that a tab has come upon. */
export function createGap(requested: string, resumedAt: string, reason: string): WireItem {
  const data = JSON.stringify({ requested, resumedAt, reason });
  return { kind: "event", event: "gap", data, lastEventId: resumedAt };
}
