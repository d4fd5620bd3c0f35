// Ends a stream when its page is left.

/**
 * Calls `close` when the page is left. Chromium keeps a page that was left for a while, to show it again at once, and its stream with it;
 * as a browser opens no more than six connections to a server, a few such pages would block the next one for a minute.
 * Shown again, the page is loaded anew.
 *
 * @param {() => void} close
 */
export function closeWithPage(close) {
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) location.reload();
  });
}
