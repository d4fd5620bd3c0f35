/** Connects a second client to a Broadcaster, so that chunks are shared. */

import type { Broadcaster } from "../../mod.ts";
import { request } from "./memory_client.ts";

/** Subscribes a client that takes all and looks at nothing. */
export function accompany(feed: Broadcaster): void {
  const { body } = feed.subscribe(request({ packed: true }));
  void body!.pipeTo(new WritableStream()).catch(() => {});
}
