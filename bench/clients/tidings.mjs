// Receives with tidings' own client; neither schemas nor retries take part.
import { connect } from "../.out/tidings/lib/client/mod.js";

export function open(url, fetch, onEvent) {
  const stream = connect(url, { fetch });
  if (onEvent) stream.on(onEvent);
  return stream;
}
