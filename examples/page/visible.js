// Keeps a stream open only while its page is in sight: a tab behind another needs no connection of the six that there are.

/**
 * Calls `open` whenever the page comes into sight, and what that returned when it goes out of sight or is left.
 *
 * @param {() => () => void} open opens, and returns what closes
 */
export function whileVisible(open) {
  /** @type {(() => void) | undefined} */
  let close;
  const leave = () => {
    close?.();
    close = undefined;
  };
  const look = () => {
    if (document.visibilityState === "visible") close ??= open();
    else leave();
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", look);
  look();
}
