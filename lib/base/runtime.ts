/**
 * Names what sets one runtime apart from the others.
 *
 * Every such fact of the core stands here and nowhere else, so that a reader finds them together, and a release that
 * removes one can be followed by one change.
 *
 * @module
 */

/** Whether this is Bun. */
export const isBun: boolean = "Bun" in globalThis;

/**
 * Whether a timer belongs to the request in which it was set, and ends with it, as in workerd, the runtime of Cloudflare
 * Workers: what one request sets up must not wait for the timer of another.
 */
export const timersEndWithRequest: boolean = "WebSocketPair" in globalThis;

/**
 * The default pause between keepalive comments, in milliseconds.
 *
 * The HTML standard (section 9.2.7) advises authors to send a comment "every 15 seconds or so". `Bun.serve` ends a
 * response that was silent for its default idle time-out; measured, a comment every 7.5 s survives and every 8 s loses half.
 */
export const DEFAULT_KEEPALIVE: number = isBun ? 5_000 : 15_000;

/** Lets the process exit although the timer runs. In a browser there is nothing to hold. */
export function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: unknown): void } };
  // Deno's timers were plain numbers until 2.9.
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?(): void } | undefined)?.unref?.();
}
