// Spreads the tabs of a browser over three connections: so they are on different servers, and yet any number can be open.

/** Browsers open six connections to a server, and the page's other requests need some of them. */
const LANES = 3;
const KEY = "cluster lane";

/** The lane of this tab: tabs of one lane share a connection. */
export function takeLane() {
  try {
    const lane = (Number(localStorage.getItem(KEY)) || 0) % LANES;
    localStorage.setItem(KEY, String(lane + 1));
    return lane;
  } catch {
    return 0; // storage is turned off: all share one
  }
}
