/** Publishes a price every second: the front page shows the lines between the marks, and the feed that they make. */

// shown: from here
import { Broadcaster } from "tidings";

const market = new Broadcaster();
let price = 100;

const timer = setInterval(() => {
  price += Math.random() - 0.5;
  market.publish(price.toFixed(2));
}, 1_000);

export function prices(request: Request): Response {
  return market.subscribe(request);
}
// shown: to here

/** Ends the feed, and sends its readers away for a moment. */
export async function close(): Promise<void> {
  clearInterval(timer);
  await market.close({ retry: 1_000, within: 500 });
}
