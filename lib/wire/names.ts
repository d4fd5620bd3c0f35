/**
 * Names the events that tidings sends by itself.
 *
 * @module
 */

/** Tells a client that events may be missing. */
export const GAP = "gap";
/** Gives a client its place before anything was published. */
export const CURSOR = "tidings-cursor";
/** Tells a client that its stream has come to its end for good: the name and the id. */
export const END = "tidings-end";
