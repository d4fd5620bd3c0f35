/** Writes out the event with which a stream ends for good, as it stands on the wire. */

export const FINAL = "event: tidings-end\nid: tidings-end\ndata: \n\n";
